import type { GlobToken, PathPattern } from '@kubearmor-ts/match';
import { type Action, type Address, type EndpointPattern, type EndpointProtocol } from '@kubearmor-ts/policy';
import { hexRange } from './hex-range.ts';

/*
 * What the tables and the kernel call a socket and its peer (plan.h, enum ka_network_direction): letters for kind,
 * family, type and protocol, then the port and the peer's address in hexadecimal, as far as they are known.
 */

const families = { INET: '4', INET6: '6', UNIX: 'u', NETLINK: 'n', PACKET: 'p', OTHER: 'o' } as const;
const types = {
  STREAM: 's',
  DGRAM: 'd',
  RAW: 'r',
  RDM: 'm',
  SEQPACKET: 'q',
  DCCP: 'c',
  PACKET: 'p',
} as const;
const protocols = { TCP: 't', UDP: 'u', ICMP: 'i', ICMPV6: 'j', SCTP: 's' } as const satisfies Record<
  EndpointProtocol,
  string
>;
const directions = { egress: 'e', ingress: 'i' } as const;
const SOCKET = 'c';
const OTHER = 'o';

/** What policies call the types of sockets; the other words but ALL are protocols. */
export const socketTypeWords: readonly string[] = Object.keys(types);

export interface Socket {
  readonly family: keyof typeof families;
  readonly type: keyof typeof types | 'OTHER';
  /** What it speaks, if that is one of those that policies know. */
  readonly protocol?: EndpointProtocol;
}

/** A peer of a socket of the Internet, or the service alone where no peer is known yet. */
export interface Endpoint {
  readonly direction: 'ingress' | 'egress';
  /** Of the service: the peer's for egress, the own for ingress. */
  readonly port: number;
  readonly address?: Address;
}

export type NamedSocket = Socket & { readonly endpoint?: Endpoint };

export const socketName = (socket: Socket): Uint8Array => ascii(SOCKET + letters(socket));

export function endpointName(socket: Socket, { direction, port, address }: Endpoint): Uint8Array {
  const family = address === undefined ? socket.family : address.length === 4 ? 'INET' : 'INET6';
  const text = directions[direction] + letters({ ...socket, family }) + hex(port >> 8) + hex(port & 0xff);
  return ascii(text + (address ?? []).map(hex).join(''));
}

/** What a name stands for; undefined if it is not one. */
export function parseSocketName(name: Uint8Array): NamedSocket | undefined {
  const text = String.fromCharCode(...name.subarray(0, 64));
  const parts = /^([cei])([46unpo])([sdrmqcpo])([tuijso])(?:([0-9a-f]{4})([0-9a-f]{8}|[0-9a-f]{32})?)?$/.exec(
    text,
  );
  if (parts === null) return undefined;
  const [, kind, family, type, protocol, port, address] = parts;
  const spoken = keyOf(protocols, protocol!);
  const socket: Socket = {
    family: keyOf(families, family!) ?? 'OTHER',
    type: keyOf(types, type!) ?? 'OTHER',
    ...(spoken === undefined ? {} : { protocol: spoken }),
  };
  const direction = keyOf(directions, kind!);
  if (direction === undefined || port === undefined) return socket;
  const bytes = address?.match(/../g)?.map((byte) => Number.parseInt(byte, 16));
  return {
    ...socket,
    endpoint: {
      direction,
      port: Number.parseInt(port, 16),
      ...(bytes === undefined ? {} : { address: bytes }),
    },
  };
}

/**
 * The names that a protocol or type means. Families do not count, as in KubeArmor, but for two things: what a rule
 * forbids or reports is never a local socket (AF_UNIX), and a protocol it forbids is that of the Internet's families
 * only, as others number theirs differently.
 */
export function socketPattern(word: string, action: Action): PathPattern {
  const allows = action === 'Allow';
  if (word === 'ALL')
    return glob(
      socketTypeWords.map((type) =>
        socketTokens(types[type as keyof typeof types], ANY, allows ? ANY : NOT_LOCAL),
      ),
    );
  if (Object.hasOwn(types, word))
    return glob([socketTokens(types[word as keyof typeof types], ANY, allows ? ANY : NOT_LOCAL)]);
  if (!Object.hasOwn(protocols, word)) return { kind: 'never', reason: 'UnknownWord' };
  return glob([socketTokens(ANY, protocols[word as EndpointProtocol], allows ? ANY : INTERNET)]);
}

const socketTokens = (type: Letters, protocol: Letters, family: Letters): readonly GlobToken[] => [
  ...tokens(ANY, family, type, protocol),
  REST,
];

/**
 * The names that an endpoint rule means. To talk to a peer a program first makes a socket, and to be called it binds
 * and listens, when no peer is known: an Allow rule allows that too, in both families, as an IPv6 socket talks to IPv4
 * peers. Rules that forbid or report leave it alone, unless they mean any peer of a port.
 */
export function endpointPattern(rule: EndpointPattern, action: Action): PathPattern {
  const { direction, protocol, range, ports } = rule;
  const spoken: Letters = protocol === undefined ? ANY : protocols[protocol];
  const kinds = direction === undefined ? Object.values(directions).join('') : directions[direction];
  const numbers = ports.length === 0 ? [FOUR_DIGITS] : ports.flatMap(({ from, to }) => hexRange(from, to, 4));
  const family = range === undefined ? INTERNET : range.bytes.length === 4 ? '4' : '6';
  const peer = range === undefined ? [REST] : [...addressTokens(range.bytes, range.prefix), REST];
  const meant = numbers.map((port) => [...tokens(kinds, family, ANY, spoken), ...port, ...peer]);
  if (action !== 'Allow') return glob(meant);
  meant.push(tokens(SOCKET, INTERNET, ANY, spoken));
  if (direction !== 'egress' && range !== undefined)
    for (const port of numbers) meant.push([...tokens(directions.ingress, INTERNET, ANY, spoken), ...port]);
  return glob(meant);
}

function addressTokens(bytes: Address, prefix: number): GlobToken[] {
  const digits = bytes.map(hex).join('');
  const whole = prefix >> 2;
  const found: GlobToken[] = Array.from(digits.slice(0, whole), (digit) => oneOf(digit));
  const bits = prefix & 3;
  if (bits > 0) {
    const first = Number.parseInt(digits[whole]!, 16);
    found.push(...hexRange(first, first + (1 << (4 - bits)) - 1, 1)[0]!);
  }
  // Any address at all, but an address: where the peer is not known yet there is none.
  return found.length === 0 ? [oneOf(ANY)] : found;
}

/** Any one of the letters; inverted: any other. */
type Letters = string | { readonly not: string };

const ANY: Letters = { not: '' };
const NOT_LOCAL: Letters = { not: families.UNIX };
const INTERNET = families.INET + families.INET6;
const REST: GlobToken = { kind: 'many', slashes: true };
const FOUR_DIGITS: readonly GlobToken[] = tokens(ANY, ANY, ANY, ANY);

function tokens(...letterSets: readonly Letters[]): GlobToken[] {
  return letterSets.map(oneOf);
}

function oneOf(wanted: Letters): GlobToken {
  const inverted = typeof wanted !== 'string';
  const text = inverted ? wanted.not : wanted;
  if (!inverted && text.length === 1) return { kind: 'byte', byte: text.charCodeAt(0) };
  const members = Array.from(text, (letter) => letter.charCodeAt(0)).sort((a, b) => a - b);
  return { kind: 'set', set: { inverted, members } };
}

const glob = (alternatives: readonly (readonly GlobToken[])[]): PathPattern => ({
  kind: 'glob',
  alternatives,
});

function letters({ family, type, protocol }: Socket): string {
  return (
    families[family] +
    (type === 'OTHER' ? OTHER : types[type]) +
    (protocol === undefined ? OTHER : protocols[protocol])
  );
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function keyOf<Key extends string>(map: Readonly<Record<Key, string>>, letter: string): Key | undefined {
  return (Object.keys(map) as Key[]).find((key) => map[key] === letter);
}
