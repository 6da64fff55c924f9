/** What happens to an operation that no rule covers once its class has an Allow rule. */
export type Posture = 'audit' | 'block';

export interface Postures {
  /** Also governs process execution. */
  readonly file: Posture;
  /** Also governs DNS. */
  readonly network: Posture;
  readonly capabilities: Posture;
}

/** How policies bear on a workload: `audited` reports what would be blocked and blocks nothing. */
export type PolicyMode = 'enabled' | 'audited' | 'disabled';
