import { parseAddress, parseRange, type Action, type EndpointPattern, type Rule } from '@kubearmor-ts/policy';
import fc from 'fast-check';
import { hexRange } from './hex-range.ts';
import {
  decide,
  endpointName,
  parseSocketName,
  planWorkload,
  socketName,
  type Endpoint,
  type Socket,
} from './index.ts';
import { aRule, anInput } from './rules.testing.ts';

const tcp: Socket = { family: 'INET', type: 'STREAM', protocol: 'TCP' };
const sixTcp: Socket = { ...tcp, family: 'INET6' };
const udp: Socket = { family: 'INET', type: 'DGRAM', protocol: 'UDP' };
const unix: Socket = { family: 'UNIX', type: 'STREAM', protocol: 'TCP' };
const netlink: Socket = { family: 'NETLINK', type: 'DGRAM', protocol: 'UDP' };

const says = (action: Action, word: string): Rule =>
  aRule(action, '/', { class: 'network', pattern: { kind: 'word', word } });
const endpoint = (action: Action, cidr: string, more: Partial<EndpointPattern> = {}): Rule =>
  aRule(action, '/', {
    class: 'network',
    pattern: { kind: 'endpoint', ports: [], ...(cidr === '' ? {} : { range: parseRange(cidr)! }), ...more },
  });
const port = (from: number, to = from) => ({ ports: [{ from, to }] });

function answer(rules: readonly Rule[], name: Uint8Array): string {
  const plan = planWorkload({
    ...anInput(rules),
    postures: { file: 'audit', network: 'block', capabilities: 'audit' },
  });
  if (!plan.ok) throw new Error(plan.error.message);
  return decide(plan.value, { class: 'network', path: name, owner: false, write: false, tty: false }).verdict;
}
const calls = (address: string, to: number, socket = tcp): Uint8Array =>
  endpointName(socket, { direction: 'egress', port: to, address: parseAddress(address)! });
const serves = (own: number, peer?: string, socket = tcp): Uint8Array =>
  endpointName(socket, {
    direction: 'ingress',
    port: own,
    ...(peer === undefined ? {} : { address: parseAddress(peer)! }),
  });

test('a local socket is counted by what allows, never by what forbids', () => {
  expect(answer([says('Block', 'TCP')], socketName(unix))).toBe('none');
  expect(answer([says('Block', 'ALL')], socketName(unix))).toBe('none');
  expect(answer([says('Block', 'ALL')], socketName(netlink))).toBe('block');
  expect(answer([says('Block', 'UDP')], socketName(netlink))).toBe('none');
  expect(answer([says('Allow', 'TCP')], socketName(unix))).toBe('allow');
  expect(answer([says('Allow', 'UDP')], socketName(unix))).toBe('block');
});

test('a socket type goes before a protocol, and an endpoint before both', () => {
  const both = [says('Allow', 'STREAM'), says('Block', 'TCP')];
  expect(answer(both, socketName(tcp))).toBe('allow');
  expect(answer([...both, endpoint('Block', '10.0.0.0/8')], calls('10.0.0.1', 80))).toBe('block');
  expect(answer([...both, endpoint('Block', '10.0.0.0/8')], calls('11.0.0.1', 80))).toBe('allow');
});

test('the narrower range goes before the wider, and a port before none', () => {
  const rules = [
    endpoint('Block', '10.0.0.0/8'),
    endpoint('Allow', '10.1.0.0/16'),
    endpoint('Block', '10.1.0.0/16', port(22)),
  ];
  expect(answer(rules, calls('10.2.0.1', 22))).toBe('block');
  expect(answer(rules, calls('10.1.0.1', 443))).toBe('allow');
  expect(answer(rules, calls('10.1.0.1', 22))).toBe('block');
});

test('whoever may call one peer may make the socket for it, and call nobody else', () => {
  const rules = [endpoint('Allow', '10.0.0.1', { ...port(443), direction: 'egress', protocol: 'TCP' })];
  expect(answer(rules, socketName(tcp))).toBe('allow');
  expect(answer(rules, socketName(sixTcp))).toBe('allow');
  expect(answer(rules, calls('10.0.0.1', 443))).toBe('allow');
  expect(answer(rules, calls('10.0.0.1', 444))).toBe('block');
  expect(answer(rules, calls('10.0.0.2', 443))).toBe('block');
  expect(answer(rules, calls('::1', 443, sixTcp))).toBe('block');
  expect(answer(rules, socketName(udp))).toBe('block');
  expect(answer(rules, serves(443))).toBe('block');
});

test('whoever may be called by some may listen, and is called by nobody else', () => {
  const rules = [endpoint('Allow', 'fd00::/8', { ...port(8080), direction: 'ingress' })];
  expect(answer(rules, serves(8080, undefined, sixTcp))).toBe('allow');
  expect(answer(rules, serves(8080, 'fd12::1', sixTcp))).toBe('allow');
  expect(answer(rules, serves(8080, 'fe80::1', sixTcp))).toBe('block');
  expect(answer(rules, serves(8081, undefined, sixTcp))).toBe('block');
});

test('forbidding some callers does not forbid to listen, forbidding a port does', () => {
  expect(answer([endpoint('Block', '10.0.0.0/8', port(22))], serves(22))).toBe('none');
  expect(answer([endpoint('Block', '10.0.0.0/8', port(22))], serves(22, '10.9.9.9'))).toBe('block');
  expect(answer([endpoint('Block', '', port(22))], serves(22))).toBe('block');
});

test('every port from 0 to 65535 is in exactly the ranges that hold it', () => {
  fc.assert(
    fc.property(fc.nat(65_535), fc.nat(65_535), fc.nat(65_535), (a, b, asked) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      for (const number of [asked, from, to, Math.max(0, from - 1), Math.min(65_535, to + 1)]) {
        const digits = number.toString(16).padStart(4, '0');
        const matching = hexRange(from, to, 4).filter((tokens) =>
          tokens.every((token, at) => {
            const byte = digits.charCodeAt(at);
            return token.kind === 'byte'
              ? token.byte === byte
              : token.kind === 'set' && token.set.members.includes(byte);
          }),
        );
        expect(matching.length).toBe(number >= from && number <= to ? 1 : 0);
      }
    }),
  );
});

test('a name says what it was made of', () => {
  const peer: Endpoint = { direction: 'egress', port: 443, address: parseAddress('10.0.0.1')! };
  expect(new TextDecoder().decode(endpointName(tcp, peer))).toBe('e4st01bb0a000001');
  expect(parseSocketName(endpointName(sixTcp, peer))).toEqual({ ...tcp, endpoint: peer });
  expect(parseSocketName(serves(22, undefined, sixTcp))).toEqual({
    ...sixTcp,
    endpoint: { direction: 'ingress', port: 22 },
  });
  expect(parseSocketName(socketName({ family: 'OTHER', type: 'OTHER' }))).toEqual({
    family: 'OTHER',
    type: 'OTHER',
  });
});

test('bytes that are no name are no name, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const named = parseSocketName(bytes);
      if (named !== undefined) expect(bytes.length).toBeGreaterThanOrEqual(4);
    }),
  );
  expect(parseSocketName(new TextEncoder().encode('e4st01bb0a00'))).toBeUndefined();
});

test('a thousand ranges of addresses fit one workload', () => {
  const cidr = (i: number): string => `${(i * 37) % 223}.${(i * 101) % 256}.${i % 256}.0/24`;
  const rules = Array.from({ length: 1000 }, (_, i) => endpoint('Block', cidr(i), port(443)));
  expect(answer(rules, calls('1.2.3.4', 80))).toBe('none');
  expect(answer(rules, calls(cidr(7).replace('.0/24', '.9'), 443))).toBe('block');
});
