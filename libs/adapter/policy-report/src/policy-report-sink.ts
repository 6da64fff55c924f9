import {
  addAlerts,
  emptySummary,
  reportApis,
  reportSubject,
  subjectKey,
  toReport,
} from '@kubearmor-ts/policy-report-map';
import type { ReportApi, ReportSubject, ReportSummary } from '@kubearmor-ts/policy-report-map';
import type { Alert } from '@kubearmor-ts/proto';
import type { Delivery, RejectedRecord, Sink, SinkRecord } from '@kubearmor-ts/sink';
import type { PolicyReportConfig } from './policy-report-config.ts';
import type { ReportStore } from './report-store.ts';

export interface PolicyReportSinkOptions {
  readonly config: PolicyReportConfig;
  readonly store: ReportStore;
}

interface Group {
  readonly subject: ReportSubject;
  readonly alerts: Alert[];
  /** Places in the batch. */
  readonly indexes: number[];
}

export function createPolicyReportSink({ config, store }: PolicyReportSinkOptions): Sink {
  /** In the order they were last written. */
  const summaries = new Map<string, ReportSummary>();
  let api: ReportApi | undefined;

  async function findApi(signal: AbortSignal): Promise<string | undefined> {
    if (api !== undefined) return undefined;
    const wanted: readonly ReportApi[] = config.api === 'auto' ? reportApis : [config.api];
    const served = await store.apis(signal);
    if (!served.ok) return served.error;
    api = wanted.find((name) => served.value.includes(name));
    return api === undefined ? `the cluster does not serve ${wanted.join(' or ')}` : undefined;
  }

  function keep(key: string, summary: ReportSummary): void {
    summaries.delete(key);
    summaries.set(key, summary);
    const [oldest] = summaries.keys();
    if (summaries.size > config.maxReports && oldest !== undefined) summaries.delete(oldest);
  }

  async function deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery> {
    const rejected: RejectedRecord[] = [];
    const open: number[] = [];
    let reason: string | undefined;
    let afterMs: number | undefined;
    for (const [key, { subject, alerts, indexes }] of groupsOf(batch, rejected)) {
      reason ??= signal.aborted
        ? 'there was no time left for the rest of the reports'
        : await findApi(signal);
      if (reason !== undefined || api === undefined) {
        open.push(...indexes);
        continue;
      }
      const summary = addAlerts(summaries.get(key) ?? emptySummary, alerts, config.maxResults);
      const outcome = await store.apply(toReport(api, subject, summary), signal);
      if (outcome.kind === 'applied') keep(key, summary);
      else if (outcome.kind === 'refused')
        rejected.push(...indexes.map((index) => ({ index, reason: outcome.reason })));
      else {
        open.push(...indexes);
        if (outcome.kind === 'no such api') {
          reason = `${api} is not served any more`;
          api = undefined;
        } else {
          ({ reason, afterMs } = outcome);
        }
      }
    }
    if (reason === undefined) return { kind: 'delivered', rejected };
    return {
      kind: 'retry',
      reason,
      indexes: open,
      ...(afterMs === undefined ? {} : { afterMs }),
      ...(rejected.length === 0 ? {} : { rejected }),
    };
  }

  return {
    type: 'policy-report',
    target: store.target,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    deliver,
    close: () => store.close(),
  };
}

function groupsOf(batch: readonly SinkRecord[], rejected: RejectedRecord[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  batch.forEach((record, index) => {
    // A log tells of no policy: it is no part of a report, and dealt with.
    if (record.kind !== 'alerts' || !('PolicyName' in record.event)) return;
    const subject = reportSubject(record.event);
    if (subject === undefined) {
      rejected.push({ index, reason: 'the alert names nothing that a report in Kubernetes can be about' });
      return;
    }
    const key = subjectKey(subject);
    const group = groups.get(key) ?? { subject, alerts: [], indexes: [] };
    group.alerts.push(record.event);
    group.indexes.push(index);
    groups.set(key, group);
  });
  return groups;
}
