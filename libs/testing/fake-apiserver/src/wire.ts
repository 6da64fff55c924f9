/** The shapes of `KubeRequest` and `KubeResponse`, said again so that kube's own tests can use this room. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): WireResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: chunks(JSON.stringify(value)),
});

export const statusAnswer = (
  status: number,
  reason: string,
  message: string,
  details?: object,
  headers: Record<string, string> = {},
): WireResponse =>
  json(
    status,
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message, details },
    headers,
  );

export async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}
