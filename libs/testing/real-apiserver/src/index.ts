export { findKubernetes } from './find-kubernetes.ts';
export type { KubernetesBinaries } from './find-kubernetes.ts';
export { startRealApiServer } from './real-api-server.ts';
export type { Answer, Question, RealApiServer, RealApiServerOptions } from './real-api-server.ts';
