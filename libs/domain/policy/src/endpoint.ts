import { parseRange, type AddressRange } from './address.ts';
import type { Path } from './finding.ts';
import type { LooseEntry } from './loose-spec.ts';
import type { Reporter } from './meaning.ts';
import type { EndpointPattern, EndpointProtocol, PortRange } from './rule.ts';
import { described } from './schema-message.ts';

/** Services by the names that policies call them (the common ones of the registry of ports, and `dns`). */
const services: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  dns: 53,
  domain: 53,
  http: 80,
  kerberos: 88,
  pop3: 110,
  ntp: 123,
  imap: 143,
  snmp: 161,
  ldap: 389,
  https: 443,
  smtps: 465,
  syslog: 514,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  mysql: 3306,
  rdp: 3389,
  postgresql: 5432,
  redis: 6379,
};

const protocols: readonly EndpointProtocol[] = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPV6'];
const directions = ['ingress', 'egress'] as const;

/** The number of a port by number or service name; undefined if there is none. Port 0 is what protocols without ports have. */
export function portNumber(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65_535 ? Number(text) : undefined;
  const name = text.toLowerCase();
  return Object.hasOwn(services, name) ? services[name] : undefined;
}

/**
 * One pattern for each address range of an entry: the narrower range has precedence, so each is a rule of its own. A
 * range or port that cannot be read is an error: left out, a Block rule would block less and an Allow rule with no
 * port left would allow all.
 */
export function endpoints(entry: LooseEntry, path: Path, reporter: Reporter): readonly EndpointPattern[] {
  const problem = (message: string, ...at: Path): void =>
    reporter.error('KA_POLICY_ENDPOINT', message, [...path, ...at]);
  const ports = (entry.ports ?? []).flatMap(({ port = '', endPort }, i): PortRange[] => {
    const from = portNumber(port.trim());
    if (from === undefined) {
      problem(`${described(port)} is neither a port nor a known service`, 'ports', i, 'port');
      return [];
    }
    if (endPort !== undefined && (endPort < from || endPort > 65_535)) {
      problem(`the range ends at ${endPort} and begins at ${from}`, 'ports', i, 'endPort');
      return [];
    }
    return [{ from, to: endPort ?? from }];
  });
  const protocol = protocols.find((name) => name === entry.protocol?.toUpperCase());
  if (protocol === undefined && entry.protocol !== undefined)
    problem(`${described(entry.protocol)} is none of ${protocols.join(', ')}`, 'protocol');
  const direction = directions.find((name) => name === entry.direction);
  if (direction === undefined && entry.direction !== undefined)
    problem(`${described(entry.direction)} is neither ingress nor egress`, 'direction');
  const common: EndpointPattern = {
    kind: 'endpoint',
    ports,
    ...(protocol === undefined ? {} : { protocol }),
    ...(direction === undefined ? {} : { direction }),
  };
  const written: readonly (readonly [string, Path])[] = [
    ...(entry.cidr === undefined ? [] : [[entry.cidr, ['cidr']] as const]),
    ...(entry.cidrs ?? []).map((text, i) => [text, ['cidrs', i]] as const),
  ];
  if (written.length === 0) return isSaying(entry) ? [common] : [];
  return written.flatMap(([text, at]) => {
    const range: AddressRange | undefined = parseRange(text);
    if (range !== undefined) return [{ ...common, range }];
    problem(`${described(text)} is no address range`, ...at);
    return [];
  });
}

const isSaying = ({ ports, protocol, direction }: LooseEntry): boolean =>
  (ports ?? []).length > 0 || protocol !== undefined || direction !== undefined;
