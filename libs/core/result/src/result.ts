/** An expected outcome: a value, or an error that is data. */
export type Result<T, E = CodedError> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/**
 * What a user needs to act on a failure. `code` is stable and searchable (`KA_<ROOM>_<WHAT>`), `reason` is a
 * PascalCase word fit for a Kubernetes condition, `object` names what failed and `place` where in it.
 */
export interface CodedError {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly object?: string;
  readonly place?: string;
  readonly cause?: unknown;
}

export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value });

export const fail = <E>(error: E): Result<never, E> => ({ ok: false, error });
