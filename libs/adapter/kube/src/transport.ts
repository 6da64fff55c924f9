/** One request to the API server; everything above speaks through this, so tests can put a server in memory below. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Without query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, or the body that is still being read. */
  readonly signal: AbortSignal;
}

export interface KubeResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Rejects when no answer came. */
export interface KubeTransport {
  send(request: KubeRequest): Promise<KubeResponse>;
  /** Ends every connection. */
  close(): void;
}
