import type { Alert } from '@kubearmor-ts/proto';

export interface AlertSeries {
  readonly attributes: Readonly<Record<string, string | boolean>>;
  readonly count: number;
}

/** By the conventions, what is counted beyond the limit of series is one series with this attribute. */
const overflow = { 'otel.metric.overflow': true } as const;

/** Alerts by where, which policy and what happened; never more than `maxSeries` combinations. */
export class AlertCounts {
  private readonly maxSeries: number;
  private readonly series = new Map<
    string,
    { readonly attributes: AlertSeries['attributes']; count: number }
  >();
  private beyond = 0;

  constructor(maxSeries: number) {
    this.maxSeries = maxSeries;
  }

  add(alert: Alert): void {
    const { ClusterName, NamespaceName, PolicyName, Action, Operation, Severity } = alert;
    const key = [ClusterName, NamespaceName, PolicyName, Action, Operation, Severity].join('\u0000');
    const known = this.series.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.series.size >= this.maxSeries) this.beyond += 1;
    else {
      const given = {
        'k8s.cluster.name': ClusterName,
        'k8s.namespace.name': NamespaceName,
        'security_rule.name': PolicyName,
        'kubearmor.action': Action,
        'kubearmor.operation': Operation,
        'kubearmor.severity': Severity,
      };
      const attributes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
      this.series.set(key, { attributes, count: 1 });
    }
  }

  read(): readonly AlertSeries[] {
    const beyond = this.beyond === 0 ? [] : [{ attributes: overflow, count: this.beyond }];
    return [...[...this.series.values()].map(({ attributes, count }) => ({ attributes, count })), ...beyond];
  }
}
