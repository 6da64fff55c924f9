import type { ReportDocument } from '@kubearmor-ts/policy-report-map';

export type ApplyOutcome =
  | { readonly kind: 'applied' }
  /** The cluster cannot take it now. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** The API of the report is not served any more. */
  | { readonly kind: 'no such api' }
  /** The namespace is gone or going, or the report is not valid: writing it again is of no use. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What is needed of a cluster. Neither function throws. */
export interface ReportStore {
  /** For messages: which cluster. */
  readonly target: string;
  /** `group/version` of every API served, or why they cannot be had. */
  apis(
    signal: AbortSignal,
  ): Promise<
    { readonly ok: true; readonly value: readonly string[] } | { readonly ok: false; readonly error: string }
  >;
  /** Creates the report or replaces what this relay wrote of it, as server-side apply does. */
  apply(report: ReportDocument, signal: AbortSignal): Promise<ApplyOutcome>;
  close(): Promise<void>;
}
