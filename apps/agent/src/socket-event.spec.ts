import { parseSocketName } from '@kubearmor-ts/plan';
import { toSocketEvent } from './socket-event.ts';

const of = (name: string) => toSocketEvent(parseSocketName(Buffer.from(name))!);

test.each([
  [
    'e4st01bb0a000001',
    {
      domain: 'AF_INET',
      type: 'SOCK_STREAM',
      protocol: 'TCP',
      endpoint: { direction: 'egress', port: 443, address: '10.0.0.1' },
    },
  ],
  [
    'i6st1f90fd000000000000000000000000000001',
    {
      domain: 'AF_INET6',
      type: 'SOCK_STREAM',
      protocol: 'TCP',
      endpoint: { direction: 'ingress', port: 8080, address: 'fd00::1' },
    },
  ],
  [
    'i4du0035',
    {
      domain: 'AF_INET',
      type: 'SOCK_DGRAM',
      protocol: 'UDP',
      endpoint: { direction: 'ingress', port: 53, address: '' },
    },
  ],
  ['c6rj', { domain: 'AF_INET6', type: 'SOCK_RAW', protocol: 'IPv6-ICMP' }],
  ['cust', { domain: 'AF_UNIX', type: 'SOCK_STREAM' }],
  ['cooo', { domain: 'other', type: '' }],
])('the kernel’s %s is told in the words of alerts', (name, told) => expect(of(name)).toEqual(told));
