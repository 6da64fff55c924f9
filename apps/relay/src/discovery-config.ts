import type { ConfigTable } from '@kubearmor-ts/config';

/** Where agents are. */
export const discoveryConfigTable = {
  agents: {
    flag: 'agents',
    env: 'KA_RELAY_AGENTS',
    file: 'agents',
    type: 'list',
    default: [],
    help: 'agents to follow: host:port; dns:name:port for every address of a name; srv:name for SRV records; pods:namespace:port for pods labelled kubearmor-app=kubearmor, of all namespaces without one. Ports may be left out',
  },
  dnsServers: {
    flag: 'dns-servers',
    env: 'KA_RELAY_DNS_SERVERS',
    file: 'dnsServers',
    type: 'list',
    default: [],
    help: 'name servers for dns: and srv:, address:port each; empty: those of the machine',
  },
  dnsInterval: {
    flag: 'dns-interval',
    env: 'KA_RELAY_DNS_INTERVAL',
    file: 'dnsInterval',
    type: 'int',
    default: 15,
    min: 1,
    max: 3600,
    help: 'seconds between two questions for the same name',
  },
  peerNames: {
    flag: 'peer-names',
    env: 'KA_RELAY_PEER_NAMES',
    file: 'peerNames',
    type: 'bool',
    default: false,
    help: 'watches pods and services, and names those behind the addresses of network events: PeerKind, PeerNamespace, PeerName',
  },
  kubeconfig: {
    flag: 'kubeconfig',
    env: 'KA_RELAY_KUBECONFIG',
    file: 'kubeconfig',
    type: 'string',
    default: '',
    help: "file that names the API server, for pods: and what else needs one; empty: the pod's service account, else KUBECONFIG",
  },
} as const satisfies ConfigTable;
