export { startSyslogReceiver, syslogReceivers } from './syslog-receiver.ts';
export type { ReceiverKind, ReceiverTls, SyslogReceiver } from './syslog-receiver.ts';
