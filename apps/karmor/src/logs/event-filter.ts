import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { RE2JS } from 're2js';

/** Regular expressions, not anchored; an absent one lets everything pass. */
export interface FilterTexts {
  readonly namespace?: string;
  readonly operation?: string;
  readonly logType?: string;
  readonly type?: string;
  readonly container?: string;
  readonly pod?: string;
  readonly policy?: string;
  readonly source?: string;
  readonly resource?: string;
  /** `key=value`, any one is enough. */
  readonly labels?: readonly string[];
}

export type EventFilter = (event: Alert | Log) => boolean;

/** Which flag looks at which field; paths keep their case, names do not. */
const rows: readonly (readonly [
  flag: Exclude<keyof FilterTexts, 'labels'>,
  read: (event: Alert | Log) => string,
  isCaseSensitive: boolean,
])[] = [
  ['namespace', (event) => event.NamespaceName, false],
  ['operation', (event) => event.Operation, false],
  ['logType', (event) => event.Type, false],
  ['type', (event) => event.Type, false],
  ['container', (event) => event.ContainerName, false],
  ['pod', (event) => event.PodName, false],
  ['policy', (event) => (isAlert(event) ? event.PolicyName : ''), false],
  ['source', (event) => event.Source, true],
  ['resource', (event) => event.Resource, true],
];

/** The filter, or which flag cannot be understood. Expressions run in linear time whatever the user or the event holds. */
export function createEventFilter(texts: FilterTexts): Result<EventFilter, string> {
  const checks: EventFilter[] = [];
  for (const [flag, read, isCaseSensitive] of rows) {
    const text = texts[flag];
    if (text === undefined || text === '') continue;
    try {
      const pattern = RE2JS.compile(text, isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
      checks.push((event) => pattern.matcher(read(event)).find());
    } catch (cause) {
      return fail(
        `--${flag} is not a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
  }
  const labels = new Set(texts.labels ?? []);
  // Existing clients let events without labels pass: host events have none.
  if (labels.size > 0) {
    checks.push((event) => event.Labels === '' || event.Labels.split(',').some((label) => labels.has(label)));
  }
  return ok((event) => checks.every((check) => check(event)));
}
