import { createServer as createSecureServer } from 'node:https';
import type { Server as HttpServer, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { ReadyCheck } from '@kubearmor-ts/http';
import type { Clock, Service } from '@kubearmor-ts/life';
import fastify from 'fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, toApiError } from './errors.ts';
import type { EventFilter, EventReader } from './event-reader.ts';
import { rowText, timeText } from './event-text.ts';
import type { LiveEvents } from './live-events.ts';
import { openApiDocument } from './openapi-document.ts';
import {
  eventParameters,
  readCursor,
  readParameters,
  streamParameters,
  summaryParameters,
  writeCursor,
} from './parameters.ts';
import type { ParameterValues } from './parameters.ts';
import { streamEvents } from './stream-events.ts';
import { groupSummaries } from './summary-groups.ts';
import type { Tokens } from './token-file.ts';

export interface RelayApiOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly reader: EventReader;
  readonly live: LiveEvents;
  readonly clock: Clock;
  readonly tokens?: Tokens;
  /** With it only TLS is served, and a certificate of its authority lets a client in as a token does. */
  readonly tls?: ApiTlsSource;
  readonly readyChecks: () => readonly ReadyCheck[];
  readonly metrics: () => string;
  /** Requests of one address within a minute. */
  readonly requestsPerMinute?: number;
  readonly maxStreams?: number;
  readonly heartbeatMs?: number;
  readonly stallMs?: number;
  /** A failure of ours, which the one who asked is not told. */
  readonly onFailure: (path: string, failure: unknown) => void;
}

export interface ApiTlsSource {
  current(): ApiTlsBytes;
  onChange(listener: (bytes: ApiTlsBytes) => void): () => void;
}

export interface ApiTlsBytes {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface ApiCounts {
  readonly requests: Readonly<Record<string, number>>;
  readonly streams: number;
  readonly streamed: number;
  readonly missed: number;
}

export interface RelayApi extends Service {
  readonly port: number;
  counts(): ApiCounts;
}

/** Health says nothing that needs a secret, and probes have none. */
const openPaths: readonly string[] = ['/healthz', '/readyz'];

export function createRelayApi(options: RelayApiOptions): RelayApi {
  const requests: Record<string, number> = {};
  const stopping = new AbortController();
  let app: FastifyInstance | undefined;
  let port = 0;
  let streamed = 0;
  let forgetTls: () => void = () => undefined;
  return {
    name: `HTTP API on ${options.host}:${String(options.port)}`,
    get port() {
      return port;
    },
    counts: () => ({
      requests: { ...requests },
      streams: options.live.subscribers,
      streamed,
      missed: options.live.missed,
    }),
    async start() {
      const tls = options.tls;
      app = createApp(
        tls === undefined
          ? undefined
          : (handler) => {
              const server = createSecureServer(
                {
                  ...contextOf(tls.current()),
                  requestCert: true,
                  // Without tokens a certificate is the only way in, and the handshake is the place to say so.
                  rejectUnauthorized: options.tokens === undefined,
                },
                handler,
              );
              forgetTls = tls.onChange((bytes) => server.setSecureContext(contextOf(bytes)));
              return server;
            },
      );
      await addRoutes(app, options, requests, stopping.signal, () => (streamed += 1));
      await app.listen({ host: options.host, port: options.port });
      port = (app.server.address() as AddressInfo).port;
    },
    async stop() {
      stopping.abort();
      forgetTls();
      await app?.close();
    },
  };
}

const contextOf = ({ ca, certificate, key }: ApiTlsBytes) =>
  ({ ca, cert: certificate, key, minVersion: 'TLSv1.2' }) as const;

type Handler = RequestListener;

function createApp(createServer: ((handler: Handler) => HttpServer) | undefined): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: 1024,
    requestTimeout: 10_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 100, ignoreTrailingSlash: false },
    ...(createServer === undefined
      ? {}
      : { serverFactory: (handler: unknown) => createServer(handler as Handler) }),
  }) as FastifyInstance;
}

async function addRoutes(
  app: FastifyInstance,
  options: RelayApiOptions,
  requests: Record<string, number>,
  stopping: AbortSignal,
  onSent: () => void,
): Promise<void> {
  app.addHook('onResponse', (_request, reply, done) => {
    const kind = `${String(Math.trunc(reply.statusCode / 100))}xx`;
    requests[kind] = (requests[kind] ?? 0) + 1;
    done();
  });
  app.setErrorHandler((failure, request, reply) => {
    const error = toApiError(failure);
    if (error.statusCode >= 500) options.onFailure(request.url.split('?', 1)[0] ?? '', failure);
    if (error.code === 'KA_API_UNAUTHORIZED') reply.header('www-authenticate', 'Bearer');
    if (error.code === 'KA_API_BUSY') reply.header('retry-after', '1');
    return reply.code(error.statusCode).send(error.toBody());
  });
  app.setNotFoundHandler(() => {
    throw new ApiError('KA_API_NOT_FOUND', 'there is no such path; see /v1/openapi.json');
  });
  await app.register(underPressure, {
    maxEventLoopDelay: 1000,
    sampleInterval: 500,
    pressureHandler: (request) => {
      // A probe that fails because of load would have the relay restarted, and its load taken up by nobody.
      if (!openPaths.includes(request.url)) throw new ApiError('KA_API_BUSY', 'the relay has too much to do');
    },
  });
  await app.register(rateLimit, {
    max: options.requestsPerMinute ?? 300,
    timeWindow: 60_000,
    cache: 5000,
    allowList: (request) => openPaths.includes(request.url),
    errorResponseBuilder: (_request, { after }) =>
      new ApiError('KA_API_TOO_MANY', `too many requests; try again in ${after}`),
  });
  // After the limit: who tries tokens is slowed down too.
  app.addHook('preValidation', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    done(openPaths.includes(request.url) || isKnown(request, options) ? undefined : unauthorized());
  });
  addHealth(app, options);
  addQuestions(app, options.reader);
  addStream(app, options, stopping, onSent);
}

const unauthorized = (): ApiError =>
  new ApiError('KA_API_UNAUTHORIZED', 'a token or a client certificate is needed');

function isKnown(request: FastifyRequest, { tokens, tls }: RelayApiOptions): boolean {
  const { socket } = request.raw;
  if (tls !== undefined && socket instanceof TLSSocket && socket.authorized) return true;
  if (tokens === undefined) return tls === undefined;
  const given = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
  return given !== undefined && tokens.accepts(given);
}

function addHealth(app: FastifyInstance, options: RelayApiOptions): void {
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const checks = options.readyChecks();
    const isReady = checks.every((check) => check.isReady);
    // Reasons may name files and addresses: who may see them asks the port for operators.
    const shown = checks.map((check) => ({ name: check.name, isReady: check.isReady }));
    return reply.code(isReady ? 200 : 503).send({ isReady, checks: shown });
  });
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(options.metrics()),
  );
  app.get('/v1/openapi.json', () => openApiDocument());
}

function addQuestions(app: FastifyInstance, reader: EventReader): void {
  app.get('/v1/events', async (request, reply) => {
    const { cursor, since, until, limit = 100, ...filter } = readParameters(eventParameters, request.query);
    const page = await reader.events({
      ...(filter as EventFilter),
      ...numeric('sinceMs', since),
      ...numeric('untilMs', until),
      ...numeric('beforeSeq', cursor === undefined ? undefined : readCursor('e', 1, String(cursor))[0]),
      limit: Number(limit),
    });
    const next = page.next === undefined ? '' : `,"next":${JSON.stringify(writeCursor('e', [page.next]))}`;
    return reply
      .type('application/json; charset=utf-8')
      .send(`{"events":[${page.events.map(rowText).join(',')}]${next}}`);
  });
  app.get('/v1/summaries', async (request) => {
    const { cursor, limit = 100, ...filter } = readParameters(summaryParameters, request.query);
    const [workload = 0, behaviour = 0] = cursor === undefined ? [] : readCursor('s', 2, String(cursor));
    const page = await reader.summaries({
      ...(filter as object),
      ...(cursor === undefined ? {} : { after: [workload, behaviour] }),
      limit: Number(limit),
    });
    return {
      summaries: groupSummaries(page.rows, timeText),
      ...(page.next === undefined ? {} : { next: writeCursor('s', page.next) }),
    };
  });
}

const numeric = <K extends string>(key: K, value: string | number | undefined): Partial<Record<K, number>> =>
  value === undefined ? {} : ({ [key]: Number(value) } as Partial<Record<K, number>>);

function addStream(
  app: FastifyInstance,
  options: RelayApiOptions,
  stopping: AbortSignal,
  onSent: () => void,
): void {
  const maxStreams = options.maxStreams ?? 64;
  app.get('/v1/events/stream', async (request, reply) => {
    const { after, ...filter } = readParameters(streamParameters, withLastEventId(request));
    if (options.live.subscribers >= maxStreams) {
      reply.header('retry-after', '10');
      throw new ApiError('KA_API_TOO_MANY', `${String(maxStreams)} streams are open already`);
    }
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // Buffering proxies would hold events back.
      'x-accel-buffering': 'no',
    });
    await streamEvents(
      {
        reader: options.reader,
        live: options.live,
        clock: options.clock,
        heartbeatMs: options.heartbeatMs ?? 15_000,
        stallMs: options.stallMs ?? 60_000,
        onSent,
      },
      filter as EventFilter,
      after === undefined ? undefined : Number(after),
      reply.raw,
      stopping,
    );
  });
}

/** Browsers resume by the header; it wins over the parameter they began with. */
function withLastEventId(request: FastifyRequest): ParameterValues {
  const last = request.headers['last-event-id'];
  const query = request.query as ParameterValues;
  return typeof last === 'string' && last !== '' ? { ...query, after: last } : query;
}
