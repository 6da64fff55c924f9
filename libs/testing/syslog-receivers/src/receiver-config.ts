import type { ReceiverPorts, ReceiverTls } from './syslog-receiver.ts';

export interface ReceiverSettings {
  readonly dir: string;
  readonly ports: ReceiverPorts;
  readonly tls: ReceiverTls;
}

export const rsyslogConfig = ({ dir, ports, tls }: ReceiverSettings): string => `
global(workDirectory="${dir}" maxMessageSize="64k"
  defaultNetstreamDriverCAFile="${tls.caFile}"
  defaultNetstreamDriverCertFile="${tls.certFile}"
  defaultNetstreamDriverKeyFile="${tls.keyFile}")
module(load="imudp")
module(load="imtcp")
template(name="raw" type="string" string="%rawmsg%\\n")
template(name="parsed" type="string" string="%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
ruleset(name="keep") {
  action(type="omfile" file="${dir}/raw" template="raw" flushOnTXEnd="on")
  action(type="omfile" file="${dir}/parsed" template="parsed" flushOnTXEnd="on")
}
input(type="imudp" address="127.0.0.1" port="${String(ports.udp)}" ruleset="keep")
input(type="imtcp" address="127.0.0.1" port="${String(ports.tcp)}" ruleset="keep")
input(type="imtcp" address="127.0.0.1" port="${String(ports.tcpLines)}" ruleset="keep")
input(type="imtcp" address="127.0.0.1" port="${String(ports.tls)}" ruleset="keep"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
`;

export const syslogNgConfig = ({ dir, ports, tls }: ReceiverSettings): string => `@version: 3.38
options { keep-hostname(yes); log-msg-size(65536); flush-lines(1); stats-freq(0); };
source s_udp { syslog(ip("127.0.0.1") port(${String(ports.udp)}) transport("udp") flags(store-raw-message)); };
source s_tcp { syslog(ip("127.0.0.1") port(${String(ports.tcp)}) transport("tcp") flags(store-raw-message)); };
source s_lines {
  network(ip("127.0.0.1") port(${String(ports.tcpLines)}) transport("tcp") flags(syslog-protocol, store-raw-message));
};
source s_tls {
  syslog(ip("127.0.0.1") port(${String(ports.tls)}) transport("tls") flags(store-raw-message)
    tls(key-file("${tls.keyFile}") cert-file("${tls.certFile}") ca-file("${tls.caFile}")
      peer-verify(required-trusted)));
};
destination d_raw { file("${dir}/raw" template("\${RAWMSG}\\n")); };
destination d_parsed {
  file("${dir}/parsed" template("\${HOST}|\${PROGRAM}|\${MSGID}|\${SDATA}|\${MSG}\\n"));
};
log { source(s_udp); source(s_tcp); source(s_lines); source(s_tls); destination(d_raw); destination(d_parsed); };
`;
