import { isAlert } from '@kubearmor-ts/event';
import { eventTimeNs, otelSeverity } from '@kubearmor-ts/schema-maps';
import type { SinkRecord } from '@kubearmor-ts/sink';

/** Fields with few values. A pod or a policy as a label would make as many streams as there are pods and policies. */
export const labelNames = [
  'cluster',
  'namespace',
  'kind',
  'level',
  'operation',
  'action',
  'enforcer',
  'node',
] as const;

export type LabelName = (typeof labelNames)[number];

export interface LokiEntry {
  readonly timeNs: bigint;
  readonly line: string;
  /** Sorted by name, the key of the stream. */
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface EntryOptions {
  readonly labels: readonly string[];
  readonly extraLabels: Readonly<Record<string, string>>;
  readonly structuredMetadata: boolean;
}

export function toLokiEntry(record: SinkRecord, line: string, options: EntryOptions): LokiEntry {
  const { event } = record;
  const fields: Readonly<Record<LabelName, string>> = {
    cluster: event.ClusterName,
    namespace: event.NamespaceName,
    kind: record.kind === 'alerts' ? 'alert' : 'log',
    level: otelSeverity(event).severityText.toLowerCase(),
    operation: event.Operation,
    action: isAlert(event) ? event.Action : '',
    enforcer: isAlert(event) ? event.Enforcer : '',
    node: event.HostName,
  };
  const chosen = options.labels.map((name) => [name, fields[name as LabelName]] as const);
  const metadata = options.structuredMetadata
    ? present([
        ['pod', event.PodName],
        ['container', event.ContainerName],
        ['node', event.HostName],
        ['process', event.ProcessName],
        ['operation', event.Operation],
        ['result', event.Result],
        ...(isAlert(event)
          ? ([
              ['policy', event.PolicyName],
              ['action', event.Action],
              ['severity', event.Severity],
            ] as const)
          : []),
      ])
    : {};
  return {
    timeNs: eventTimeNs(event),
    line,
    labels: present([['service_name', 'kubearmor'], ...chosen, ...Object.entries(options.extraLabels)]),
    metadata,
  };
}

/** The push request as JSON; entries of equal labels share a stream, in their order. */
export function encodePush(entries: readonly LokiEntry[]): string {
  const streams = new Map<string, string[]>();
  for (const { timeNs, line, labels, metadata } of entries) {
    const key = JSON.stringify(labels);
    const value = [`"${String(timeNs)}"`, JSON.stringify(line)];
    if (Object.keys(metadata).length > 0) value.push(JSON.stringify(metadata));
    const values = streams.get(key);
    if (values === undefined) streams.set(key, [`[${value.join(',')}]`]);
    else values.push(`[${value.join(',')}]`);
  }
  const parts = [...streams].map(([labels, values]) => `{"stream":${labels},"values":[${values.join(',')}]}`);
  return `{"streams":[${parts.join(',')}]}`;
}

/** Sorted, so that equal labels have equal keys; a later pair wins; Loki takes no empty value. */
function present(pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const given = new Map(pairs);
  const names = [...given.keys()].filter((name) => given.get(name) !== '').sort();
  return Object.fromEntries(names.map((name) => [name, given.get(name)!.toWellFormed()]));
}
