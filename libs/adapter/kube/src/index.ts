export type { AdmissionAnswer, AdmissionRequest, JsonPatchOperation } from './admission.ts';
export { createApplier } from './applier.ts';
export type { Applier, ApplierOptions, ApplyOptions, Intent } from './applier.ts';
export { dropCondition, isConditionTrue, setCondition } from './conditions.ts';
export type { Condition, NewCondition } from './conditions.ts';
export { connectKube } from './connect-kube.ts';
export type { ConnectOptions } from './connect-kube.ts';
export { KubeError, kubeErrorTable } from './errors.ts';
export type { FieldConflict, KubeErrorCode, KubeFault } from './errors.ts';
export { EventRecorder } from './event-recorder.ts';
export type { EventRecorderOptions, Happening, Subject } from './event-recorder.ts';
export { KubeClient } from './kube-client.ts';
export type { CallOptions, KubeClientOptions, ListPage, PatchType, Written } from './kube-client.ts';
export {
  addEventMetrics,
  addLeaderMetrics,
  addReflectorMetrics,
  addWebhookMetrics,
  addWorkQueueMetrics,
} from './kube-metrics.ts';
export type { WatchedKind } from './kube-metrics.ts';
export { keyOf } from './kube-object.ts';
export type { KubeObject, ObjectKey, ObjectMeta, OwnerReference } from './kube-object.ts';
export { LeaderElector, microTime } from './leader-elector.ts';
export type { LeaderElectorOptions, Term } from './leader-elector.ts';
export type { LeaseTimes } from './lease-machine.ts';
export { createNodeTransport } from './node-transport.ts';
export type { Credentials, KubeEndpoint } from './node-transport.ts';
export { Reflector } from './reflector.ts';
export type { ReflectorCounts, ReflectorLimits, ReflectorOptions } from './reflector.ts';
export { apiVersionOf, describeResource, events, leases, resourcePath } from './resource.ts';
export type { KubeResource, Place } from './resource.ts';
export { Store } from './store.ts';
export type { Change, StoreOptions, StoreView } from './store.ts';
export type { KubeRequest, KubeResponse, KubeTransport } from './transport.ts';
export { WebhookServer } from './webhook-server.ts';
export type {
  AdmissionHandler,
  CertificateSource,
  ServingCertificate,
  WebhookServerOptions,
} from './webhook-server.ts';
export { WorkQueue } from './work-queue.ts';
export type { WorkQueueCounts, WorkQueueOptions } from './work-queue.ts';
