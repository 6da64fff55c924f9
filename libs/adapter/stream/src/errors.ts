import { status } from '@grpc/grpc-js';

/** Every way this room fails, with what a user can do about it. */
export const streamErrorCodes = {
  KA_STREAM_LISTEN: 'the address cannot be listened on: it is taken, or not one of this machine',
  KA_STREAM_UNREACHABLE: 'the peer does not answer: check its address, its health and the network between',
  KA_STREAM_TLS:
    'the peer answers, but the TLS handshake fails: the message says which certificate is the cause',
  KA_STREAM_NO_ECHO: 'the peer answers, but not as a LogService: check that the port is the right one',
  KA_STREAM_ENDED: 'the peer ended the stream: it was stopped, or does not serve this filter',
  KA_STREAM_REFUSED: 'the peer refused: the message says why',
  KA_STREAM_BAD_MESSAGE: 'the peer sent something that is not the message it should be: compare versions',
  KA_STREAM_TOO_MANY: 'the server serves as many subscribers as it may: close some, or raise the limit',
} as const;

export type StreamErrorCode = keyof typeof streamErrorCodes;

export class StreamError extends Error {
  readonly code: StreamErrorCode;
  readonly address: string;

  constructor(code: StreamErrorCode, address: string, message: string, cause?: unknown) {
    super(`${code} ${address}: ${message}`, { cause });
    this.name = 'StreamError';
    this.code = code;
    this.address = address;
  }
}

/** What a failed call means to the one who called; `handshake` is why the last TLS handshake failed, if it did. */
export function toStreamError(address: string, failure: unknown, handshake?: string): StreamError {
  if (failure instanceof StreamError) return failure;
  const code = grpcStatusOf(failure);
  const message = failure instanceof Error ? failure.message : String(failure);
  // The library's words for a connection that was never usable; one that broke later has no business with TLS.
  if (handshake !== undefined && message.includes('No connection established')) {
    return new StreamError('KA_STREAM_TLS', address, handshake, failure);
  }
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) {
    return new StreamError('KA_STREAM_UNREACHABLE', address, message, failure);
  }
  // grpc-js reports what it cannot deserialise as INTERNAL with its own words.
  if (code === status.INTERNAL && /pars|deserializ/i.test(message)) {
    return new StreamError('KA_STREAM_BAD_MESSAGE', address, message, failure);
  }
  return new StreamError('KA_STREAM_REFUSED', address, message, failure);
}

export function grpcStatusOf(failure: unknown): number | undefined {
  if (typeof failure !== 'object' || failure === null || !('code' in failure)) return undefined;
  return typeof failure.code === 'number' ? failure.code : undefined;
}
