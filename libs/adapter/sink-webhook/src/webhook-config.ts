import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions, sinkConfigError, tlsOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';

/** Bodies that are JSON: the others are no members of a JSON list. */
const jsonFormats = ['json', 'ecs', 'ocsf', 'ocsf-activity'] as const;

export const webhookStyles = ['json', 'cloudevents', 'cloudevents-batch', 'slack', 'teams'] as const;
export type WebhookStyle = (typeof webhookStyles)[number];

export const webhookOptions = {
  url: { type: 'url', isRequired: true, help: 'where requests are posted to' },
  path: {
    type: 'secret',
    help: 'more of the path of the URL, for receivers whose address is the secret, as that of Slack and Teams is',
  },
  style: {
    type: 'string',
    oneOf: webhookStyles,
    default: 'json',
    help:
      'what a request holds: json a list of events, cloudevents one event, cloudevents-batch a list of them, slack ' +
      'and teams one message that tells of several events',
  },
  format: {
    type: 'string',
    oneOf: jsonFormats,
    default: 'json',
    help: 'schema of an event; not for slack and teams',
  },
  signingSecret: {
    type: 'secret',
    help: 'signs every request: X-KubeArmor-Signature is v1= and the HMAC-SHA256 of timestamp, dot and body in hex',
  },
  token: { type: 'secret', help: 'sent as Authorization: Bearer' },
  user: { type: 'string', default: '', help: 'user of basic authentication' },
  password: { type: 'secret', help: 'password of basic authentication' },
  headers: { type: 'headers', help: 'more headers for every request' },
  maxEventBytes: {
    type: 'int',
    default: 65_536,
    min: 2000,
    max: 16_000_000,
    help: 'longer events have their longest texts cut, with a mark, until they fit; not for slack and teams, which are short',
  },
  maxRequestBytes: {
    type: 'int',
    default: 1_000_000,
    min: 1000,
    max: 100_000_000,
    help: 'size of a request before compression',
  },
  compression: { type: 'string', oneOf: ['none', 'gzip'], default: 'none', help: 'of requests' },
  timeoutMs: { type: 'int', default: 10_000, min: 100, max: 300_000, help: 'for one request' },
  batchSize: {
    type: 'int',
    default: 100,
    min: 1,
    max: 10_000,
    help: 'events in a batch; for slack and teams, in a message',
  },
  batchDelayMs: {
    type: 'int',
    default: 1000,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company',
  },
  tls: { type: 'object', options: tlsOptions, help: '' },
} as const satisfies SinkOptionTable;

export type WebhookConfig = SinkConfig<typeof webhookOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readWebhookConfig(
  value: unknown,
  place: string,
): Result<WebhookConfig, readonly CodedError[]> {
  const read = readSinkOptions(webhookOptions, value, place);
  if (!read.ok) return read;
  const { token, user, password } = read.value;
  const errors: CodedError[] = [];
  if (token !== undefined && (user !== '' || password !== undefined))
    errors.push(sinkConfigError(`${place}.token`, 'cannot be together with user and password'));
  if (user.includes(':')) errors.push(sinkConfigError(`${place}.user`, 'cannot hold a colon'));
  if ((user === '') !== (password === undefined))
    errors.push(
      sinkConfigError(`${place}.${user === '' ? 'user' : 'password'}`, 'is required with the other'),
    );
  return errors.length > 0 ? fail(errors) : ok(read.value);
}
