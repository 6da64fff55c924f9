import type { EndpointPattern, Rule } from '@kubearmor-ts/policy';

/* The meaning of network rules on the name of a socket, for reading and not for speed; see naive-decide.testing.ts. */

const types: Readonly<Record<string, string>> = {
  STREAM: 's',
  DGRAM: 'd',
  RAW: 'r',
  RDM: 'm',
  SEQPACKET: 'q',
  DCCP: 'c',
  PACKET: 'p',
};
const protocols: Readonly<Record<string, string>> = { TCP: 't', UDP: 'u', ICMP: 'i', ICMPV6: 'j', SCTP: 's' };

const bits = (digits: string): string =>
  Array.from(digits, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');

export function naiveMatchesSocket({ pattern, action }: Rule, name: string): boolean {
  const [, family = '', type = '', speaks = ''] = name;
  const isInternet = family === '4' || family === '6';
  if (pattern.kind === 'endpoint') return isInternet && matchesEndpoint(pattern, action === 'Allow', name);
  if (pattern.kind !== 'word') return false;
  const { word } = pattern;
  if (word in protocols) return speaks === protocols[word] && (isInternet || action === 'Allow');
  if (family === 'u' && action !== 'Allow') return false;
  return word === 'ALL' ? Object.values(types).includes(type) : type === types[word];
}

function matchesEndpoint(
  { direction, protocol, range, ports }: EndpointPattern,
  allows: boolean,
  name: string,
): boolean {
  const [kind, family, , speaks] = name;
  if (protocol !== undefined && speaks !== protocols[protocol]) return false;
  if (kind === 'c') return allows;
  if (direction !== undefined && direction[0] !== kind) return false;
  const port = Number.parseInt(name.slice(4, 8), 16);
  if (ports.length > 0 && !ports.some(({ from, to }) => port >= from && port <= to)) return false;
  if (range === undefined) return true;
  const address = bits(name.slice(8));
  if (address === '') return allows && kind === 'i';
  const wanted = range.bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (
    family === (range.bytes.length === 4 ? '4' : '6') &&
    address.slice(0, range.prefix) === wanted.slice(0, range.prefix)
  );
}

/** What makes one network rule more specific than another, first things first. */
export function naiveSpecificity({ pattern }: Rule): readonly number[] {
  if (pattern.kind === 'word') return [pattern.word in protocols ? 0 : 1, 0, 0, 0, 0];
  if (pattern.kind !== 'endpoint') return [0, 0, 0, 0, 0];
  const { range, ports, protocol, direction } = pattern;
  const prefix = range === undefined ? -1 : 128 - 8 * range.bytes.length + range.prefix;
  return [
    2,
    prefix,
    Math.sign(ports.length),
    protocol === undefined ? 0 : 1,
    direction === undefined ? 0 : 1,
  ];
}
