/**
 * Alert and Log → Open Cybersecurity Schema Framework.
 *
 *  1. `toOcsf`: an alert is a Detection Finding with what happened as its evidence; telemetry is the activity itself.
 *  2. `toOcsfActivity`: both are activities; an alert then carries the profile security_control.
 *  3. What has no place in a class is in `unmapped`.
 */
import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { eventTimeMs } from './event-time.ts';
import { withoutEmpty } from './json-object.ts';
import type { JsonValue } from './json-object.ts';
import { ocsfActivity } from './ocsf-activity.ts';
import type { OcsfActivity } from './ocsf-activity.ts';
import {
  actingProcess,
  actorOf,
  deviceOf,
  fileOf,
  networkOf,
  observablesOf,
  resourcesOf,
} from './ocsf-objects.ts';
import { hasPassed, isBlocked, severityOf, summaryOf } from './outcome.ts';
import { product } from './product.ts';

/** Every class and attribute used here is in this version and those after it. */
export const ocsfVersion = '1.5.0';

type JsonObject = Readonly<Record<string, JsonValue>>;

export function toOcsf(event: Alert | Log, id: string): Record<string, JsonValue> {
  return isAlert(event) && event.Type !== 'SystemEvent' ? finding(event, id) : toOcsfActivity(event, id);
}

export function toOcsfActivity(event: Alert | Log, id: string): Record<string, JsonValue> {
  const activity = ocsfActivity(event);
  const isSystem = activity.classUid >= 1000 && activity.classUid < 2000;
  return withoutEmpty({
    ...baseOf(
      event,
      id,
      activity,
      isAlert(event) ? ['security_control', 'container'] : ['container', 'host'],
    ),
    status_id: hasPassed(event) ? 1 : 2,
    status_detail: hasPassed(event) ? undefined : event.Result,
    ...(isAlert(event) ? controlOf(event) : {}),
    ...(activity.classUid === 0 ? { device: deviceOf(event) } : objectsOf(event, activity)),
    // The system classes demand an actor even where nothing is known of it.
    ...(isSystem && event.ProcessName === '' ? { actor: { app_name: product.name } } : {}),
    unmapped: unmappedOf(event),
  });
}

function finding(alert: Alert, id: string): Record<string, JsonValue> {
  const activity = ocsfActivity(alert);
  const create = { classUid: 2004, className: 'Detection Finding', activityId: 1, activityName: 'Create' };
  const objects = objectsOf(alert, activity);
  return withoutEmpty({
    ...baseOf(alert, id, create, ['security_control', 'container', 'host']),
    // 1: New.
    status_id: 1,
    is_alert: true,
    ...controlOf(alert),
    finding_info: {
      uid: id,
      title: summaryOf(alert),
      desc: alert.Message,
      created_time: eventTimeMs(alert),
      types: alert.ATags,
      data_sources: [alert.Enforcer],
      // 1: Rule.
      analytic: { type_id: 1, name: alert.PolicyName, category: alert.Type },
    },
    device: deviceOf(alert),
    actor: actorOf(alert),
    evidences: [
      {
        actor: objects['actor'],
        process: objects['process'],
        file: objects['file'],
        src_endpoint: objects['src_endpoint'],
        dst_endpoint: objects['dst_endpoint'],
        connection_info: objects['connection_info'],
        query: objects['query'],
        data: {
          class_uid: activity.classUid,
          type_uid: typeUid(activity),
          activity_name: activity.activityName,
          result: alert.Result,
        },
      },
    ],
    resources: resourcesOf(alert),
    unmapped: unmappedOf(alert),
  });
}

const typeUid = (activity: OcsfActivity): number => activity.classUid * 100 + activity.activityId;

function baseOf(
  event: Alert | Log,
  id: string,
  activity: OcsfActivity,
  profiles: readonly string[],
): JsonObject {
  const severity = severityIds[severityOf(event)]!;
  return {
    activity_id: activity.activityId,
    activity_name: activity.activityName,
    category_uid: Math.floor(activity.classUid / 1000),
    class_uid: activity.classUid,
    class_name: activity.className,
    type_uid: typeUid(activity),
    severity_id: severity,
    severity: severityNames[severity],
    time: eventTimeMs(event),
    message: (isAlert(event) ? event.Message : '') || summaryOf(event),
    metadata: {
      version: ocsfVersion,
      uid: id,
      original_time: event.UpdatedTime,
      log_name: isAlert(event) ? 'alerts' : 'logs',
      profiles,
      product: {
        name: product.name,
        vendor_name: product.vendor,
        version: isAlert(event) ? event.KubeArmorVersion : undefined,
      },
    },
    observables: observablesOf(event),
  };
}

/** By policy severity 0…10: 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical. */
const severityIds = [1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5] as const;
const severityNames = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const;

/** Profile security_control: 2 denied and blocked, or 1 allowed and 15 detected. */
const controlOf = (alert: Alert): JsonObject => ({
  action_id: isBlocked(alert) ? 2 : 1,
  disposition_id: isBlocked(alert) ? 2 : 15,
  policy: { name: alert.PolicyName, desc: alert.Message },
});

function objectsOf(event: Alert | Log, activity: OcsfActivity): JsonObject {
  const common = { device: deviceOf(event), actor: actorOf(event) };
  switch (activity.classUid) {
    case 1007:
      // 3: Exec; only a launch has one.
      return {
        ...common,
        process: actingProcess(event),
        launch_type_id: activity.activityId === 1 ? 3 : undefined,
      };
    case 1001:
      return { ...common, file: fileOf(event) };
    case 1003:
      // 0: Unknown, 2: System Call.
      return {
        ...common,
        kernel: {
          name: event.EventData['Syscall'] || event.Resource || event.Operation,
          type_id: event.Operation === 'Syscall' ? 2 : 0,
        },
      };
    case 1010:
      return {
        ...common,
        peripheral_device: {
          name: event.Resource || 'unknown',
          class: event.EventData['Class'] || 'unknown',
        },
      };
    default:
      return { ...common, ...networkOf(event) };
  }
}

const unmappedOf = (event: Alert | Log): JsonObject => ({
  type: event.Type,
  operation: event.Operation,
  source: event.Source,
  resource: event.Resource,
  data: event.Data,
  event_data: event.EventData,
  labels: event.Labels,
  namespace: event.NamespaceName,
  pod: event.PodName,
  cluster: event.ClusterName,
  tty: event.TTY,
  exec_id: event.ExecEvent?.ExecID,
  ...(isAlert(event)
    ? { enforcer: event.Enforcer, action: event.Action, policy_severity: event.Severity, tags: event.ATags }
    : {}),
});
