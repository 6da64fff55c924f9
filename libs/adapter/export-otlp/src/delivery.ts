/** What became of one batch at its receiver. */
export type Delivery =
  /** `rejected` records of it were refused for good (partial success): they are not sent again. */
  | { readonly kind: 'delivered'; readonly rejected: number; readonly message: string }
  /** Try the same bytes later; `afterMs` when the receiver named a time. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** Never send these bytes again. */
  | { readonly kind: 'refused'; readonly reason: string; readonly why?: Refusal };

/**
 * What would have to change: fewer records in a request, or who may send what where. Absent: the records themselves.
 */
export type Refusal = 'too large' | 'not allowed';

/** One way to reach an OTLP receiver. It answers within its own deadline and never throws. */
export interface OtlpTransport {
  /** For messages: where it sends to. */
  readonly target: string;
  deliver(request: Uint8Array, signal: AbortSignal): Promise<Delivery>;
  close(): void | Promise<void>;
}
