import type { ConfigTable } from '@kubearmor-ts/config';

/** Names and defaults of the first two are those of existing relays. */
export const tlsConfigTable = {
  tlsEnabled: {
    flag: 'tlsEnabled',
    env: 'KA_RELAY_TLS_ENABLED',
    file: 'tlsEnabled',
    type: 'bool',
    default: false,
    help: 'mutual TLS on the gRPC port and towards the agents',
  },
  tlsCertPath: {
    flag: 'tlsCertPath',
    env: 'KA_RELAY_TLS_CERT_PATH',
    file: 'tlsCertPath',
    type: 'string',
    default: '/var/lib/kubearmor/tls',
    help: 'directory of ca.crt, server.crt, server.key, client.crt and client.key, taken up again when they change',
  },
  tlsCertProvider: {
    flag: 'tlsCertProvider',
    type: 'string',
    oneOf: ['self', 'external'],
    default: 'external',
    help: 'who makes the certificates; self means external too: the key of the authority is never read',
  },
  tlsNames: {
    flag: 'tls-names',
    env: 'KA_RELAY_TLS_NAMES',
    file: 'tlsNames',
    type: 'list',
    default: [],
    help: 'names and addresses that server.crt must be valid for; clients behind a port-forward dial localhost',
  },
} as const satisfies ConfigTable;
