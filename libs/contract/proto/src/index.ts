export { encodeEvents } from './batch-events.ts';
export type { EventKindName, EventSpan } from './batch-events.ts';
export { isEncodedEvent } from './encoded-event.ts';
export {
  countByKind,
  encodeBatch,
  encodeBatchResponse,
  eventKindNames,
  noCursor,
  readBatchHead,
  readEvents,
  readStreamResponse,
  throughOf,
  totalOf,
} from './event-batch.ts';
export type { BatchHead, EventBatch, StreamResponse } from './event-batch.ts';
export { descriptors } from './generated/descriptors.ts';
export {
  Batch,
  Cursor,
  EventKind,
  EventStreamServiceService,
  Packing,
  StreamEventsRequest,
  StreamEventsResponse,
} from './generated/kubearmor_ts/stream/v1/event_stream.ts';
export type { Hello } from './generated/kubearmor_ts/stream/v1/event_stream.ts';
export {
  Alert,
  ExecEvent,
  Log,
  LogServiceClient,
  LogServiceService,
  Message,
  NonceMessage,
  Podowner,
  ReplyMessage,
  RequestMessage,
} from './generated/kubearmor/kubearmor.ts';
export type { LogServiceServer, MessageFns } from './generated/kubearmor/kubearmor.ts';
export {
  ContainerData,
  HostSecurityPolicies,
  NetworkSecurityPolicies,
  PolicyServiceClient,
  PolicyServiceService,
  PolicyStatus,
  ProbeResponse,
  ProbeServiceClient,
  ProbeServiceService,
  policy as PolicyMessage,
  response as PolicyResponse,
} from './generated/kubearmor/policy.ts';
export type { PolicyServiceServer, ProbeServiceServer } from './generated/kubearmor/policy.ts';
export { StateAgentClient, StateAgentService, StateEvent, StateEvents } from './generated/kubearmor/state.ts';
export type { StateAgentServer } from './generated/kubearmor/state.ts';
export { Empty } from './generated/google/protobuf/empty.ts';
export {
  ExportLogsServiceRequest,
  ExportLogsServiceResponse,
  LogsServiceService as OtlpLogsServiceService,
} from './generated/opentelemetry/proto/collector/logs/v1/logs_service.ts';
export type { LogsServiceServer as OtlpLogsServiceServer } from './generated/opentelemetry/proto/collector/logs/v1/logs_service.ts';
