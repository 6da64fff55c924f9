import type { SinkRecord } from './sink.ts';
import { TokenBucket } from './token-bucket.ts';
import { createWordMatch } from './word-match.ts';

/** What a sink wants to have. An absent part lets everything through; the parts that are there must all agree. */
export interface FilterSpec {
  readonly kinds?: readonly SinkRecord['kind'][];
  /** Alerts of this severity and above. A record without one counts as 0. */
  readonly minSeverity?: number;
  /** `Block`, `Audit`, …: the whole word. Logs have none. */
  readonly actions?: readonly string[];
  /** Names with `*` for any run of characters; one that begins with `!` is not wanted. */
  readonly namespaces?: readonly string[];
  readonly policies?: readonly string[];
  readonly operations?: readonly string[];
  readonly rate?: RateSpec;
}

export interface RateSpec {
  readonly perSecond: number;
  /** How many may come at once; `perSecond` when absent. */
  readonly burst?: number;
  /** Records of this severity and above pass whatever the rate. 8 when absent. */
  readonly alwaysSeverity?: number;
}

/** `filtered`: not wanted. `suppressed`: wanted, but over the rate. */
export type FilterVerdict = 'pass' | 'filtered' | 'suppressed';

export type RecordFilter = (record: SinkRecord, nowMs: number) => FilterVerdict;

export function severityOf(record: SinkRecord): number {
  if (!('Severity' in record.event)) return 0;
  const severity = Number(record.event.Severity);
  return Number.isFinite(severity) ? severity : 0;
}

export function createRecordFilter(spec: FilterSpec, nowMs: number): RecordFilter {
  const tests: ((record: SinkRecord) => boolean)[] = [];
  const { kinds, minSeverity, actions, namespaces, policies, operations, rate } = spec;
  if (kinds !== undefined) tests.push((record) => kinds.includes(record.kind));
  if (minSeverity !== undefined) tests.push((record) => severityOf(record) >= minSeverity);
  if (actions !== undefined) tests.push(({ event }) => 'Action' in event && actions.includes(event.Action));
  if (namespaces !== undefined) {
    const isWanted = createWordMatch(namespaces);
    tests.push(({ event }) => isWanted(event.NamespaceName));
  }
  if (policies !== undefined) {
    const isWanted = createWordMatch(policies);
    tests.push(({ event }) => 'PolicyName' in event && isWanted(event.PolicyName));
  }
  if (operations !== undefined) tests.push(({ event }) => operations.includes(event.Operation));
  const bucket =
    rate === undefined ? undefined : new TokenBucket(rate.perSecond, rate.burst ?? rate.perSecond, nowMs);
  const alwaysSeverity = rate?.alwaysSeverity ?? 8;
  return (record, atMs) => {
    for (const isWanted of tests) if (!isWanted(record)) return 'filtered';
    if (bucket === undefined || severityOf(record) >= alwaysSeverity || bucket.take(atMs)) return 'pass';
    return 'suppressed';
  };
}
