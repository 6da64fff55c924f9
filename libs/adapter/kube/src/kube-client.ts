import type { Clock } from '@kubearmor-ts/life';
import type { Result } from '@kubearmor-ts/result';
import { fail, ok } from '@kubearmor-ts/result';
import { fault, isRecord, statusFault } from './errors.ts';
import type { KubeFault } from './errors.ts';
import { isKubeObject } from './kube-object.ts';
import type { KubeObject } from './kube-object.ts';
import { describeResource, resourcePath } from './resource.ts';
import type { KubeResource, Place } from './resource.ts';
import type { KubeRequest, KubeResponse, KubeTransport } from './transport.ts';

export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly continueToken: string;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  /** Until the whole answer is read. */
  readonly timeoutMs?: number;
}

export type PatchType =
  'application/apply-patch+yaml' | 'application/merge-patch+json' | 'application/json-patch+json';

export interface KubeClientOptions {
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly maxAnswerBytes?: number;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 30_000;
const defaultMaxAnswerBytes = 64 * 1024 * 1024;
const jsonType = 'application/json';

/** Requests with one answer. Every failure is a value; nothing is retried here. */
export class KubeClient {
  private readonly options: KubeClientOptions;

  constructor(options: KubeClientOptions) {
    this.options = options;
  }

  async get(resource: KubeResource, place: Place, call: CallOptions): Promise<Result<KubeObject, KubeFault>> {
    const answer = await this.ask(resource, place, { method: 'GET' }, call);
    return answer.ok ? oneObject(resource, place, answer.value.json) : answer;
  }

  /** `group/version` of every API that is served beside the core's. */
  async apiVersions(call: CallOptions): Promise<Result<readonly string[], KubeFault>> {
    const answer = await this.askAt({ object: 'apis', path: '/apis' }, { method: 'GET' }, call);
    return answer.ok ? servedVersions(answer.value.json) : answer;
  }

  async list(resource: KubeResource, place: Place, call: CallOptions): Promise<Result<ListPage, KubeFault>> {
    const answer = await this.ask(resource, place, { method: 'GET' }, call);
    return answer.ok ? onePage(resource, place, answer.value.json) : answer;
  }

  create(resource: KubeResource, place: Place, object: object, call: CallOptions): Promise<Written> {
    return this.write(
      resource,
      place,
      { method: 'POST', body: JSON.stringify(object), type: jsonType },
      call,
    );
  }

  /** Refused with KA_KUBE_CONFLICT when `metadata.resourceVersion` is not the newest. */
  replace(resource: KubeResource, place: Place, object: object, call: CallOptions): Promise<Written> {
    return this.write(resource, place, { method: 'PUT', body: JSON.stringify(object), type: jsonType }, call);
  }

  patch(
    resource: KubeResource,
    place: Place,
    patch: { readonly type: PatchType; readonly body: object },
    call: CallOptions,
  ): Promise<Written> {
    const body = JSON.stringify(patch.body);
    return this.write(resource, place, { method: 'PATCH', body, type: patch.type }, call);
  }

  async remove(resource: KubeResource, place: Place, call: CallOptions): Promise<Result<void, KubeFault>> {
    const answer = await this.ask(resource, place, { method: 'DELETE' }, call);
    return answer.ok ? ok(undefined) : answer;
  }

  /** An answer without an end: the caller reads the body and ends it with the signal. */
  async open(
    resource: KubeResource,
    place: Place,
    { query, accept, signal }: Omit<CallOptions, 'timeoutMs'>,
  ): Promise<Result<KubeResponse, KubeFault>> {
    const object = describeResource(resource, place);
    try {
      const response = await this.options.transport.send({
        ...this.request(resourcePath(resource, place), { method: 'GET' }, { query, accept }),
        signal,
      });
      if (response.status === 200) return ok(response);
      const body = await this.read(response);
      return fail(statusFault(object, response.status, parsed(body), header(response, 'retry-after')));
    } catch (cause) {
      return fail(noAnswer(object, cause));
    }
  }

  private async write(
    resource: KubeResource,
    place: Place,
    sent: { readonly method: KubeRequest['method']; readonly body: string; readonly type: string },
    call: CallOptions,
  ): Promise<Written> {
    const answer = await this.ask(resource, place, sent, call);
    if (!answer.ok) return answer;
    const object = oneObject(resource, place, answer.value.json);
    return object.ok ? ok({ object: object.value, isNew: answer.value.status === 201 }) : object;
  }

  private ask(
    resource: KubeResource,
    place: Place,
    sent: { readonly method: KubeRequest['method']; readonly body?: string; readonly type?: string },
    call: CallOptions,
  ): Promise<Result<{ readonly status: number; readonly json: unknown }, KubeFault>> {
    const [object, path] = [describeResource(resource, place), resourcePath(resource, place)];
    return this.askAt({ object, path }, sent, call);
  }

  private async askAt(
    { object, path }: { readonly object: string; readonly path: string },
    sent: { readonly method: KubeRequest['method']; readonly body?: string; readonly type?: string },
    call: CallOptions,
  ): Promise<Result<{ readonly status: number; readonly json: unknown }, KubeFault>> {
    const deadline = new AbortController();
    const done = new AbortController();
    const timeoutMs = call.timeoutMs ?? this.options.timeoutMs ?? defaultTimeoutMs;
    void this.options.clock.sleep(timeoutMs, done.signal).then(() => {
      if (!done.signal.aborted) deadline.abort();
    });
    const signal = AbortSignal.any([call.signal, deadline.signal]);
    try {
      const response = await this.options.transport.send({
        ...this.request(path, sent, call),
        signal,
      });
      const json = parsed(await this.read(response));
      return response.status >= 200 && response.status < 300
        ? ok({ status: response.status, json })
        : fail(statusFault(object, response.status, json, header(response, 'retry-after')));
    } catch (cause) {
      return fail(
        deadline.signal.aborted
          ? fault('KA_KUBE_TIMEOUT', `${object}: no answer within ${timeoutMs} ms`, { object })
          : noAnswer(object, cause),
      );
    } finally {
      done.abort();
    }
  }

  private request(
    path: string,
    sent: { readonly method: KubeRequest['method']; readonly body?: string; readonly type?: string },
    {
      query,
      accept,
    }: { readonly query?: CallOptions['query'] | undefined; readonly accept?: string | undefined },
  ): Omit<KubeRequest, 'signal'> {
    return {
      method: sent.method,
      path,
      ...(query === undefined ? {} : { query }),
      headers: {
        accept: accept ?? jsonType,
        'user-agent': this.options.userAgent,
        ...(sent.type === undefined ? {} : { 'content-type': sent.type }),
      },
      ...(sent.body === undefined ? {} : { body: sent.body }),
    };
  }

  private async read(response: KubeResponse): Promise<string> {
    const limit = this.options.maxAnswerBytes ?? defaultMaxAnswerBytes;
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of response.body) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limit) throw new AnswerTooLarge(limit);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

export type Written = Result<{ readonly object: KubeObject; readonly isNew: boolean }, KubeFault>;

class AnswerTooLarge extends Error {
  constructor(limit: number) {
    super(`the answer is larger than ${limit} bytes`);
  }
}

const noAnswer = (object: string, cause: unknown): KubeFault =>
  cause instanceof AnswerTooLarge
    ? fault('KA_KUBE_TOO_LARGE', `${object}: ${cause.message}`, { object })
    : fault('KA_KUBE_UNREACHABLE', `${object}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        object,
        cause,
      });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function header(response: KubeResponse, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function oneObject(resource: KubeResource, place: Place, json: unknown): Result<KubeObject, KubeFault> {
  if (isKubeObject(json)) return ok(json);
  const object = describeResource(resource, place);
  return fail(fault('KA_KUBE_MALFORMED', `${object}: the answer is no object with a name`, { object }));
}

function onePage(resource: KubeResource, place: Place, json: unknown): Result<ListPage, KubeFault> {
  const object = describeResource(resource, place);
  const malformed = (what: string): Result<ListPage, KubeFault> =>
    fail(fault('KA_KUBE_MALFORMED', `${object}: the list ${what}`, { object }));
  if (!isRecord(json) || !isRecord(json['metadata'])) return malformed('is no list');
  const { resourceVersion, continue: next } = json['metadata'];
  const items: unknown = json['items'] ?? [];
  if (typeof resourceVersion !== 'string' || resourceVersion === '')
    return malformed('has no resourceVersion');
  if (!Array.isArray(items) || !items.every(isKubeObject)) return malformed('holds what is no object');
  return ok({ items, resourceVersion, continueToken: typeof next === 'string' ? next : '' });
}

function servedVersions(json: unknown): Result<readonly string[], KubeFault> {
  const groups = isRecord(json) ? json['groups'] : undefined;
  if (!Array.isArray(groups))
    return fail(fault('KA_KUBE_MALFORMED', 'apis: the answer is no list of groups', { object: 'apis' }));
  const versions = groups.flatMap((group: unknown): unknown[] =>
    isRecord(group) && Array.isArray(group['versions']) ? group['versions'] : [],
  );
  return ok(
    versions.flatMap((version) =>
      isRecord(version) && typeof version['groupVersion'] === 'string' ? [version['groupVersion']] : [],
    ),
  );
}
