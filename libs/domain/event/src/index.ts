export type {
  AccessEvent,
  Attribution,
  HookName,
  NodeInfo,
  SocketEvent,
  Text,
  WorkloadIdentity,
  WorkloadOwner,
} from './access-event.ts';
export { buildAlert, buildLog } from './build-alert.ts';
export { decideReport } from './decide-report.ts';
export type { Report } from './decide-report.ts';
export { eventDataOf } from './event-data.ts';
export { isAlert, messageToFormB, shownFields, toFormB, visitShownFields } from './json-form.ts';
export { escapeInvalidUtf8, toValidUtf8 } from './path-bytes.ts';
export { resultText } from './result-text.ts';
export { openFlagsText, syscallDataText } from './syscall-text.ts';
export type { Architecture } from './syscall-text.ts';
export { messageToText, toText } from './text-form.ts';
export {
  alertActions,
  containerNamespace,
  defaultPosturePolicy,
  enforcers,
  eventTypes,
  operations,
} from './value-sets.ts';
export type { AlertAction, Enforcer, EventType, Operation } from './value-sets.ts';
