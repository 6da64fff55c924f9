/** Every way a request is refused, with what a user can do about it. */
export const apiErrorCodes = {
  KA_API_BAD_PARAMETER: 'the parameter named is not what it may be: see the OpenAPI document',
  KA_API_UNAUTHORIZED: 'send a token of the token file as "Authorization: Bearer …", or a client certificate',
  KA_API_NOT_FOUND: 'there is no such path: see /v1/openapi.json',
  KA_API_TOO_MANY: 'too many requests or streams: wait as long as Retry-After says',
  KA_API_BUSY: 'the relay has more to do than it can: ask again later',
  KA_API_FAILED: 'the relay could not answer: its log and metrics say why',
} as const;

export type ApiErrorCode = keyof typeof apiErrorCodes;

const statusOf: Readonly<Record<ApiErrorCode, number>> = {
  KA_API_BAD_PARAMETER: 400,
  KA_API_UNAUTHORIZED: 401,
  KA_API_NOT_FOUND: 404,
  KA_API_TOO_MANY: 429,
  KA_API_BUSY: 503,
  KA_API_FAILED: 500,
};

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly statusCode: number;
  readonly parameter: string | undefined;

  constructor(code: ApiErrorCode, message: string, parameter?: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.statusCode = statusOf[code];
    this.parameter = parameter;
  }

  toBody(): object {
    const { code, message, parameter } = this;
    return { error: { code, message, ...(parameter === undefined ? {} : { parameter }) } };
  }
}

/** What any failure means to the one who asked. */
export function toApiError(failure: unknown): ApiError {
  if (failure instanceof ApiError) return failure;
  const { code, statusCode, message } = failure as { code?: string; statusCode?: number; message?: string };
  if (code === 'KA_STORE_BUSY' || code === 'KA_STORE_DOWN')
    return new ApiError('KA_API_BUSY', message ?? code);
  if (statusCode === 429) return new ApiError('KA_API_TOO_MANY', message ?? 'too many requests');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ApiError('KA_API_BAD_PARAMETER', message ?? 'the request cannot be understood');
  // Details of a failure of ours are for the log, not for the one who asked.
  return new ApiError('KA_API_FAILED', 'the request failed');
}
