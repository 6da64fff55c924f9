import { audited, blocked, inUbuntu, notAllowed, onHost, type SemanticsCase, type Step } from './case.ts';

const one = { container: 'ubuntu-1' };
const reach = { path: '/usr/bin/reach' };
const arping = { path: '/usr/sbin/arping' };
const protocols = (action: string, ...words: readonly (string | object)[]) => ({
  network: { matchProtocols: words.map((word) => (typeof word === 'string' ? { protocol: word } : word)) },
  action,
});
const endpoints = (action: string, ...entries: readonly object[]) => ({
  network: { matchEndpoints: entries },
  action,
});
const socket = (...words: readonly string[]) => ['reach', 'socket', ...words];
const tcp = (address: string, port = 4433) => ['reach', 'tcp', address, String(port)];
const udp = (how: 'udp' | 'udp-to' | 'udp-many', address: string) => ['reach', how, address, '5353'];
/** A server on the loopback, called from another of its addresses. */
const serve = (port: number, from: string) => ['reach', 'serve', '127.0.0.1', String(port), from];

const denied = (run: readonly string[], policy: string, hook: string, data = ''): Step => ({
  in: 'ubuntu-1',
  run,
  expect: 'denied',
  alert: blocked(policy, { Operation: 'Network', Data: `lsm=${hook} ${data}` }),
});
const works = (run: readonly string[]): Step => ({
  in: 'ubuntu-1',
  run,
  expect: 'works',
  noAlert: { Operation: 'Network' },
});
const TCP = 'protocol=TCP type=SOCK_STREAM';
const UDP = 'protocol=UDP type=SOCK_DGRAM';
const to = (remoteip: string, port = 4433) =>
  `${TCP} domain=AF_INET direction=egress remoteip=${remoteip} port=${port}`;

export const networkCases: readonly SemanticsCase[] = [
  {
    id: 'NET-01',
    promise: 'an audited protocol passes with an alert',
    policies: [inUbuntu('audit-icmp', one, { ...protocols('Audit', 'icmp'), severity: 8 })],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['ping'],
        expect: 'works',
        alert: audited('audit-icmp', {
          Severity: '8',
          Operation: 'Network',
          Resource: 'protocol=ICMP type=SOCK_RAW',
          Data: 'lsm=SOCKET_CREATE protocol=ICMP type=SOCK_RAW',
        }),
      },
      works(tcp('127.0.0.1')),
    ],
  },
  {
    id: 'NET-03',
    promise: 'one program may use TCP, and no program anything else',
    policies: [inUbuntu('allow-tcp', one, protocols('Allow', { protocol: 'tcp', fromSource: [reach] }))],
    steps: [
      works(tcp('127.0.0.1')),
      works(socket('unix', 'stream')),
      {
        in: 'ubuntu-1',
        run: udp('udp', '127.0.0.1'),
        expect: 'denied',
        alert: { ...notAllowed(UDP), Operation: 'Network' },
      },
      { in: 'ubuntu-1', run: ['ping'], expect: 'denied', alert: notAllowed('protocol=ICMP type=SOCK_RAW') },
    ],
  },
  {
    id: 'NET-04',
    promise: 'a raw socket of any family is one',
    policies: [inUbuntu('audit-raw', one, { ...protocols('Audit', 'raw'), severity: 8 })],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['arping'],
        expect: 'works',
        alert: audited('audit-raw', { Resource: 'type=SOCK_RAW', Severity: '8', Source: arping.path }),
      },
    ],
  },
  {
    id: 'NET-05',
    promise: 'raw sockets are refused',
    policies: [inUbuntu('block-raw', one, protocols('Block', 'raw'))],
    steps: [
      denied(['arping'], 'block-raw', 'SOCKET_CREATE', 'type=SOCK_RAW domain=AF_PACKET'),
      works(tcp('127.0.0.1')),
      { in: 'ubuntu-2', run: ['arping'], expect: 'works' },
    ],
  },
  {
    id: 'NET-06',
    promise: 'all sockets but local ones are refused',
    policies: [inUbuntu('block-all', one, { ...protocols('Block', 'all'), severity: 8 })],
    steps: [
      denied(['ping'], 'block-all', 'SOCKET_CREATE', 'protocol=ICMP type=SOCK_RAW'),
      denied(tcp('127.0.0.1'), 'block-all', 'SOCKET_CREATE', TCP),
      denied(socket('netlink', 'raw'), 'block-all', 'SOCKET_CREATE', 'type=SOCK_RAW domain=AF_NETLINK'),
      works(socket('unix', 'stream')),
    ],
  },
  {
    id: 'NET-10',
    promise: 'a protocol is refused to one program alone',
    policies: [inUbuntu('block-tcp-from', one, protocols('Block', { protocol: 'tcp', fromSource: [reach] }))],
    steps: [
      denied(tcp('127.0.0.1'), 'block-tcp-from', 'SOCKET_CREATE', `${TCP} domain=AF_INET`),
      works(['ping']),
      works(udp('udp', '127.0.0.1')),
    ],
  },
  {
    id: 'END-01',
    promise: 'an address is refused at a port, by every way to call it, and the alert says who was called',
    policies: [
      inUbuntu(
        'block-endpoint',
        one,
        endpoints('Block', {
          cidr: '127.0.0.0/30',
          ports: [{ port: '4433' }, { port: '5000', endPort: 6000 }],
          direction: 'egress',
          severity: 3,
        }),
      ),
    ],
    steps: [
      denied(tcp('127.0.0.1'), 'block-endpoint', 'SOCKET_CONNECT', to('127.0.0.1')),
      denied(tcp('127.0.0.3', 6000), 'block-endpoint', 'SOCKET_CONNECT', to('127.0.0.3', 6000)),
      denied(tcp('::ffff:127.0.0.1'), 'block-endpoint', 'SOCKET_CONNECT', to('127.0.0.1')),
      denied(tcp('0.0.0.0'), 'block-endpoint', 'SOCKET_CONNECT', to('127.0.0.1')),
      denied(udp('udp', '127.0.0.2'), 'block-endpoint', 'SOCKET_CONNECT', UDP),
      denied(udp('udp-to', '127.0.0.2'), 'block-endpoint', 'SOCKET_SENDMSG', UDP),
      denied(udp('udp-many', '127.0.0.2'), 'block-endpoint', 'SOCKET_SENDMSG', UDP),
      works(tcp('127.0.0.4')),
      works(tcp('127.0.0.1', 4432)),
      works(tcp('::1')),
    ],
  },
  {
    id: 'END-02',
    promise: 'IPv6 peers are told apart by their own addresses',
    policies: [inUbuntu('block-six', one, endpoints('Block', { cidr: '::1/128', protocol: 'TCP' }))],
    steps: [
      denied(
        tcp('::1'),
        'block-six',
        'SOCKET_CONNECT',
        `${TCP} domain=AF_INET6 direction=egress remoteip=::1 port=4433`,
      ),
      denied(
        tcp('::'),
        'block-six',
        'SOCKET_CONNECT',
        `${TCP} domain=AF_INET6 direction=egress remoteip=::1`,
      ),
      works(tcp('127.0.0.1')),
    ],
  },
  {
    id: 'END-03',
    promise: 'an allow-list of peers lets programs call them and nobody else',
    policies: [
      inUbuntu(
        'allow-endpoint',
        one,
        endpoints('Allow', {
          cidrs: ['127.0.0.8/29'],
          ports: [{ port: '4433' }],
          protocol: 'TCP',
          direction: 'egress',
        }),
      ),
    ],
    steps: [
      works(tcp('127.0.0.9')),
      {
        in: 'ubuntu-1',
        run: tcp('127.0.0.1'),
        expect: 'denied',
        alert: { ...notAllowed(TCP), Data: to('127.0.0.1') },
      },
      { in: 'ubuntu-1', run: tcp('127.0.0.9', 80), expect: 'denied', alert: notAllowed(TCP) },
      { in: 'ubuntu-1', run: udp('udp-to', '127.0.0.9'), expect: 'denied', alert: notAllowed(UDP) },
    ],
  },
  {
    id: 'END-04',
    promise: 'a caller that a rule refuses is not heard, and others are',
    policies: [
      inUbuntu(
        'block-caller',
        one,
        endpoints('Block', { cidr: '127.0.0.16/28', ports: [{ port: '7000' }], direction: 'ingress' }),
      ),
    ],
    steps: [
      denied(
        serve(7000, '127.0.0.17'),
        'block-caller',
        'SOCKET_RECVMSG',
        `${TCP} domain=AF_INET direction=ingress remoteip=127.0.0.17 port=7000`,
      ),
      works(serve(7000, '127.0.0.1')),
      works(serve(7001, '127.0.0.17')),
    ],
  },
  {
    id: 'END-05',
    promise: 'an audited caller is told with its address; a port that is refused to all cannot be served',
    policies: [
      inUbuntu(
        'watch-callers',
        one,
        endpoints('Audit', { cidr: '127.0.0.0/8', ports: [{ port: '7100' }], direction: 'ingress' }),
      ),
      inUbuntu('no-ssh', one, endpoints('Block', { ports: [{ port: 'ssh' }], direction: 'ingress' })),
    ],
    steps: [
      {
        in: 'ubuntu-1',
        run: serve(7100, '127.0.0.5'),
        expect: 'works',
        alert: audited('watch-callers', {
          Data: 'lsm=SOCKET_ACCEPT protocol=TCP type=SOCK_STREAM domain=AF_INET direction=ingress remoteip=127.0.0.5 port=7100',
        }),
      },
      denied(
        serve(22, '127.0.0.5'),
        'no-ssh',
        'SOCKET_BIND',
        `${TCP} domain=AF_INET direction=ingress port=22`,
      ),
    ],
  },
  {
    id: 'END-06',
    promise: 'a host policy holds for the peers of host programs',
    policies: [
      onHost('host-block-peer', endpoints('Block', { cidr: '127.0.0.66', ports: [{ port: '4433' }] })),
    ],
    steps: [
      {
        in: 'host',
        run: ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.66/4433'],
        expect: 'denied',
        alert: blocked('host-block-peer', { Type: 'MatchedHostPolicy', Data: to('127.0.0.66') }),
      },
      works(tcp('127.0.0.66')),
    ],
  },
];
