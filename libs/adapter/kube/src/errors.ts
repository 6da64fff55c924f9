import type { CodedError } from '@kubearmor-ts/result';

export const kubeErrorTable = {
  KA_KUBE_CONFIG: 'KubeConfigInvalid',
  KA_KUBE_CONFLICT: 'Conflict',
  KA_KUBE_APPLY_CONFLICT: 'FieldManagerConflict',
  KA_KUBE_EXISTS: 'AlreadyExists',
  KA_KUBE_FORBIDDEN: 'Forbidden',
  KA_KUBE_GONE: 'Expired',
  KA_KUBE_IDLE: 'WatchIdle',
  KA_KUBE_INVALID: 'Invalid',
  KA_KUBE_MALFORMED: 'AnswerMalformed',
  KA_KUBE_NOT_FOUND: 'NotFound',
  KA_KUBE_SERVER: 'ServerError',
  KA_KUBE_TIMEOUT: 'RequestTimeout',
  KA_KUBE_TOO_LARGE: 'AnswerTooLarge',
  KA_KUBE_TOO_MANY: 'TooManyRequests',
  KA_KUBE_UNAUTHORIZED: 'Unauthorized',
  KA_KUBE_UNREACHABLE: 'ServerUnreachable',
} as const;

export type KubeErrorCode = keyof typeof kubeErrorTable;

export interface FieldConflict {
  readonly manager: string;
  /** As the API server writes it: `.spec.replicas`. */
  readonly field: string;
}

export interface KubeFault extends CodedError {
  readonly code: KubeErrorCode;
  /** HTTP status, or that of a watch's ERROR event; absent when no answer came. */
  readonly status?: number;
  /** The server's wish, from `Retry-After` or `details.retryAfterSeconds`. */
  readonly retryAfterMs?: number;
  /** With KA_KUBE_APPLY_CONFLICT. */
  readonly conflicts?: readonly FieldConflict[];
}

export const fault = (
  code: KubeErrorCode,
  message: string,
  more: Omit<Partial<KubeFault>, 'code' | 'message' | 'reason'> = {},
): KubeFault => ({ code, reason: kubeErrorTable[code], message, ...more });

/** What `connectKube` and services reject with. */
export class KubeError extends Error {
  readonly code: KubeErrorCode;
  readonly reason: string;

  constructor(error: KubeFault) {
    super(error.message, { cause: error.cause });
    this.name = 'KubeError';
    this.code = error.code;
    this.reason = error.reason;
  }
}

const byStatus: ReadonlyMap<number, KubeErrorCode> = new Map([
  [400, 'KA_KUBE_INVALID'],
  [401, 'KA_KUBE_UNAUTHORIZED'],
  [403, 'KA_KUBE_FORBIDDEN'],
  [404, 'KA_KUBE_NOT_FOUND'],
  [408, 'KA_KUBE_TIMEOUT'],
  [409, 'KA_KUBE_CONFLICT'],
  [410, 'KA_KUBE_GONE'],
  [422, 'KA_KUBE_INVALID'],
  [429, 'KA_KUBE_TOO_MANY'],
]);

const maxRetryAfterSeconds = 300;
const maxMessageLength = 1024;

/**
 * From an answer that is no success. `body` is whatever came; a `Status` is read, anything else is told by the HTTP
 * status alone, since proxies answer in HTML.
 */
export function statusFault(
  object: string,
  status: number,
  body: unknown,
  retryAfter: string | undefined,
): KubeFault {
  const said = isRecord(body) && body['kind'] === 'Status' ? body : {};
  const details = isRecord(said['details']) ? said['details'] : {};
  const conflicts = fieldConflicts(details['causes']);
  const seconds = Number(retryAfter ?? details['retryAfterSeconds'] ?? Number.NaN);
  const message = typeof said['message'] === 'string' ? said['message'] : `HTTP ${status}`;
  return fault(
    codeOf(status, said['reason'], conflicts),
    `${object}: ${message.slice(0, maxMessageLength)}`,
    {
      object,
      status,
      ...(Number.isFinite(seconds) && seconds >= 0
        ? { retryAfterMs: Math.min(seconds, maxRetryAfterSeconds) * 1000 }
        : {}),
      ...(conflicts.length > 0 ? { conflicts } : {}),
    },
  );
}

function codeOf(status: number, reason: unknown, conflicts: readonly FieldConflict[]): KubeErrorCode {
  if (reason === 'AlreadyExists') return 'KA_KUBE_EXISTS';
  if (conflicts.length > 0) return 'KA_KUBE_APPLY_CONFLICT';
  return byStatus.get(status) ?? 'KA_KUBE_SERVER';
}

function fieldConflicts(causes: unknown): readonly FieldConflict[] {
  if (!Array.isArray(causes)) return [];
  return causes.filter(isRecord).flatMap((cause) => {
    if (cause['reason'] !== 'FieldManagerConflict') return [];
    const manager = /"([^"]*)"/.exec(String(cause['message']))?.[1] ?? 'unknown';
    return [{ manager, field: String(cause['field']) }];
  });
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
