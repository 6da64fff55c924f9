import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Service } from '@kubearmor-ts/life';
import { parseAdmissionReview, renderAdmissionAnswer } from './admission.ts';
import type { AdmissionAnswer, AdmissionRequest } from './admission.ts';

/** What a server shows; PEM. */
export interface ServingCertificate {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Where certificates come from: the tls room's identity is one. */
export interface CertificateSource {
  current(): ServingCertificate;
  /** Calls the listener after every replacement, until the function it gives back is called. */
  onChange(listener: (certificate: ServingCertificate) => void): () => void;
}

export type AdmissionHandler = (request: AdmissionRequest, signal: AbortSignal) => Promise<AdmissionAnswer>;

export interface WebhookServerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificates: CertificateSource;
  /** By path. */
  readonly handlers: Readonly<Record<string, AdmissionHandler>>;
  /** Shorter than the `timeoutSeconds` that the API server waits. */
  readonly deadlineMs?: number;
  readonly maxBodyBytes?: number;
  readonly maxInFlight?: number;
  readonly onFailure?: (path: string, cause: unknown) => void;
}

export interface WebhookCounts {
  allowed: number;
  denied: number;
  malformed: number;
  failed: number;
  timedOut: number;
  refused: number;
  certificates: number;
}

/**
 * Answers the API server's admission questions.
 *
 *  1. A handler that fails or takes too long gives an HTTP error, never a verdict: the configuration's failurePolicy
 *     says what that means.
 *  2. A new certificate is shown from the next handshake on; connections and questions under way are not disturbed.
 *  3. Bodies, questions at a time and their duration are bounded.
 */
export class WebhookServer implements Service {
  readonly name = 'webhook server';
  readonly counts: WebhookCounts = {
    allowed: 0,
    denied: 0,
    malformed: 0,
    failed: 0,
    timedOut: 0,
    refused: 0,
    certificates: 0,
  };
  private readonly options: WebhookServerOptions;
  private readonly server;
  private inFlight = 0;
  private forget: () => void = () => undefined;
  private stopping: Promise<void> | undefined;

  constructor(options: WebhookServerOptions) {
    this.options = options;
    this.server = createServer({ ...contextOf(options.certificates.current()), requestTimeout: 10_000 });
    this.server.maxConnections = 1024;
    this.server.on('request', (request, response) => void this.answer(request, response));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { certificates, host, port } = this.options;
    this.forget = certificates.onChange((certificate) => {
      this.server.setSecureContext(contextOf(certificate));
      this.counts.certificates += 1;
    });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Questions under way get their answers. */
  stop(): Promise<void> {
    this.forget();
    this.stopping ??= new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
    return this.stopping;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const handler = Object.hasOwn(this.options.handlers, path) ? this.options.handlers[path] : undefined;
    if (this.stopping !== undefined) response.setHeader('connection', 'close');
    if (handler === undefined) return end(response, 404, 'no webhook has this path');
    if (request.method !== 'POST') return end(response, 405, 'reviews are posted');
    if (this.inFlight >= (this.options.maxInFlight ?? 128)) {
      this.counts.refused += 1;
      return end(response, 503, 'too many reviews at a time');
    }
    this.inFlight += 1;
    try {
      await this.review(path, handler, request, response);
    } catch (cause) {
      this.counts.failed += 1;
      this.options.onFailure?.(path, cause);
      end(response, 500, 'the review could not be answered');
    } finally {
      this.inFlight -= 1;
    }
  }

  private async review(
    path: string,
    handler: AdmissionHandler,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const text = await this.read(request);
    if (text === undefined) {
      this.counts.malformed += 1;
      response.setHeader('connection', 'close');
      return end(response, 413, 'the review is too large');
    }
    const review = parseAdmissionReview(text);
    if (!review.ok) {
      this.counts.malformed += 1;
      return end(response, 400, review.error);
    }
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.options.deadlineMs ?? 4000);
    try {
      const answer = await Promise.race([handler(review.value, deadline.signal), over(deadline.signal)]);
      if (answer === undefined) {
        this.counts.timedOut += 1;
        this.options.onFailure?.(path, new Error('the handler took too long'));
        return end(response, 504, 'the review took too long');
      }
      this.counts[answer.allowed ? 'allowed' : 'denied'] += 1;
      response.setHeader('content-type', 'application/json');
      end(response, 200, renderAdmissionAnswer(review.value.uid, answer));
    } finally {
      clearTimeout(timer);
    }
  }

  private async read(request: IncomingMessage): Promise<string | undefined> {
    const limit = this.options.maxBodyBytes ?? 7 * 1024 * 1024;
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    // Read on beyond the limit without keeping, within the server's request timeout: an answer before the end of a
    // body would be lost in the reset that follows.
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes <= limit) chunks.push(chunk);
    }
    return sizeBytes > limit ? undefined : Buffer.concat(chunks).toString('utf8');
  }
}

const contextOf = ({
  certificate,
  key,
}: ServingCertificate): { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' } => ({
  cert: certificate,
  key,
  minVersion: 'TLSv1.2',
});

const over = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));

function end(response: ServerResponse, status: number, body: string): void {
  if (response.writableEnded) return;
  response.statusCode = status;
  response.end(body);
}
