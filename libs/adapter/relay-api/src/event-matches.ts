import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import type { EventFilter, EventKind } from './event-reader.ts';

/** The filter of a stream, with the meaning it has in a question to the store. */
export function eventMatches(filter: EventFilter, kind: EventKind, event: Alert | Log): boolean {
  const alert = isAlert(event) ? event : undefined;
  const isSame = (wanted: string | undefined, value: string): boolean =>
    wanted === undefined || wanted === value;
  return (
    isSame(filter.kind, kind) &&
    isSame(filter.namespace, event.NamespaceName) &&
    isSame(filter.pod, event.PodName) &&
    isSame(filter.container, event.ContainerName) &&
    isSame(filter.policy, alert?.PolicyName ?? '') &&
    isSame(filter.operation, event.Operation) &&
    isSame(filter.action, alert?.Action ?? '') &&
    isSame(filter.type, event.Type) &&
    isSame(filter.host, event.HostName) &&
    (filter.minSeverity === undefined || (Number(alert?.Severity ?? 0) || 0) >= filter.minSeverity) &&
    (filter.text === undefined || hasText(event, filter.text))
  );
}

function hasText(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value.includes(wanted);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((inner) => hasText(inner, wanted));
}
