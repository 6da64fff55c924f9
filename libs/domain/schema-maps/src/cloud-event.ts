import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { eventTimeText } from './event-time.ts';
import { visibleText } from './safe-text.ts';

/** The attributes of a CloudEvents 1.0 envelope; the data is the body that was chosen. */
export interface CloudEventAttributes {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly datacontenttype: 'application/json';
}

/** `source` and `id` together name the event: sent twice it is the same one. */
export function toCloudEventAttributes(event: Alert | Log, id: string): CloudEventAttributes {
  const workload = [event.NamespaceName, event.PodName, event.ContainerName]
    .filter((part) => part !== '')
    .map(visibleText);
  const subject = workload.map(encodeURIComponent).join('/');
  const place = [event.ClusterName, event.HostName].map((part) => encodeURIComponent(visibleText(part)));
  return {
    specversion: '1.0',
    id,
    source: `/kubearmor/${place.join('/')}`,
    type: eventType(event),
    time: eventTimeText(event),
    ...(subject === '' ? {} : { subject }),
    datacontenttype: 'application/json',
  };
}

function eventType(event: Alert | Log): string {
  if (event.Type === 'SystemEvent') return 'io.kubearmor.alerts-throttled.v1';
  return isAlert(event) ? 'io.kubearmor.alert.v1' : 'io.kubearmor.log.v1';
}
