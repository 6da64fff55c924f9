import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';

/** Equal for events that tell a person the same: all but time, process ids and what comes with a new process. */
export function repeatKey(event: Alert | Log): string {
  const verdict = isAlert(event)
    ? [event.PolicyName, event.Severity, event.Message, event.Tags, event.Enforcer, event.Action]
    : [];
  return JSON.stringify([
    event.HostName,
    event.NamespaceName,
    event.PodName,
    event.ContainerID,
    event.ContainerName,
    event.UID,
    event.ParentProcessName,
    event.ProcessName,
    event.Type,
    event.Source,
    event.Operation,
    event.Resource,
    event.Data,
    event.Result,
    ...verdict,
  ]);
}
