export { createOpsServer } from './ops-server.ts';
export type { OpsServer, OpsServerOptions, ReadyCheck } from './ops-server.ts';
