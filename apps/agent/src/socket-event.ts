import type { SocketEvent } from '@kubearmor-ts/event';
import type { NamedSocket } from '@kubearmor-ts/plan';
import { addressText } from '@kubearmor-ts/policy';

/** The words of existing agents for what a socket speaks. */
const protocolNames = { TCP: 'TCP', UDP: 'UDP', ICMP: 'ICMP', ICMPV6: 'IPv6-ICMP', SCTP: 'SCTP' } as const;

export function toSocketEvent({ family, type, protocol, endpoint }: NamedSocket): SocketEvent {
  const isInternet = family === 'INET' || family === 'INET6';
  return {
    domain: family === 'OTHER' ? 'other' : `AF_${family}`,
    type: type === 'OTHER' ? '' : `SOCK_${type}`,
    // Other families number their protocols themselves; the name only follows KubeArmor's way of counting them.
    ...(isInternet && protocol !== undefined ? { protocol: protocolNames[protocol] } : {}),
    ...(endpoint === undefined
      ? {}
      : {
          endpoint: {
            direction: endpoint.direction,
            port: endpoint.port,
            address: endpoint.address === undefined ? '' : addressText(endpoint.address),
          },
        }),
  };
}
