import type { Alert, Log } from '@kubearmor-ts/proto';
import { fitBody, plainJson, toCloudEventAttributes } from '@kubearmor-ts/schema-maps';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { eventId } from '@kubearmor-ts/sink-net';
import { slackMessage, teamsMessage } from './chat-message.ts';
import type { WebhookConfig, WebhookStyle } from './webhook-config.ts';

/** One event on its way into a request. */
export interface EncodedEvent {
  readonly index: number;
  readonly event: Alert | Log;
  /** As a member of a list; empty where a message tells of it in its own words. */
  readonly json: string;
  readonly isCut: boolean;
}

export const contentTypes: Readonly<Record<WebhookStyle, string>> = {
  json: 'application/json',
  cloudevents: 'application/cloudevents+json',
  'cloudevents-batch': 'application/cloudevents-batch+json',
  slack: 'application/json',
  teams: 'application/json',
};

/** Throws for an event that cannot be told. */
export function encodeEvent({ event }: SinkRecord, index: number, config: WebhookConfig): EncodedEvent {
  switch (config.style) {
    case 'slack':
    case 'teams':
      return { index, event, json: '', isCut: false };
    case 'json':
      return { index, event, ...bodyOf(event, config.format === 'json' ? '' : eventId(event), config) };
    default: {
      const id = eventId(event);
      const attributes = plainJson(JSON.stringify(toCloudEventAttributes(event, id)));
      const { json, isCut } = bodyOf(event, id, config);
      return { index, event, json: `${attributes.slice(0, -1)},"data":${json}}`, isCut };
    }
  }
}

function bodyOf(
  event: Alert | Log,
  id: string,
  { format, maxEventBytes }: WebhookConfig,
): Pick<EncodedEvent, 'json' | 'isCut'> {
  const body = fitBody(format, event, id, maxEventBytes);
  if (body === undefined)
    throw new Error(`it does not fit into ${String(maxEventBytes)} bytes even when cut`);
  return { json: body.text, isCut: body.isCut };
}

export function requestBody(style: WebhookStyle, part: readonly EncodedEvent[]): string {
  switch (style) {
    case 'slack':
      return plainJson(JSON.stringify(slackMessage(part.map(({ event }) => event))));
    case 'teams':
      return plainJson(JSON.stringify(teamsMessage(part.map(({ event }) => event))));
    case 'cloudevents':
      return part[0]!.json;
    default:
      return `[${part.map(({ json }) => json).join(',')}]`;
  }
}
