import { FieldOwnership } from './field-ownership.ts';
import type { Fault, FaultTarget } from './fault.ts';
import { ObjectTable } from './object-table.ts';
import type { HistoryEntry, StoredObject } from './object-table.ts';
import { selectorOf } from './selector.ts';
import { WatchBody } from './watch-body.ts';
import { chunks, json, statusAnswer } from './wire.ts';
import type { WireRequest, WireResponse } from './wire.ts';
import { parseTarget } from './target.ts';
import type { Target } from './target.ts';
import { write } from './write.ts';

export interface SeenRequest {
  readonly target: FaultTarget;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string;
}

interface Snapshot {
  readonly items: readonly StoredObject[];
  readonly version: number;
}

interface Watcher {
  readonly body: WatchBody;
  readonly isBookmarked: boolean;
}

export class FakeApiServer {
  readonly table = new ObjectTable();
  readonly requests: SeenRequest[] = [];
  private readonly ownership = new FieldOwnership();
  private readonly faults: { readonly target: FaultTarget; readonly fault: Fault }[] = [];
  private readonly snapshots = new Map<string, Snapshot>();
  private readonly watchers = new Set<Watcher>();
  private apis: ReadonlySet<string> | undefined;
  private cache: Map<string, Snapshot> | undefined;
  private tokens = 0;

  /** The next request of that sort meets the fault. */
  fail(target: FaultTarget, fault: Fault): void {
    this.faults.push({ target, fault });
  }

  clearFaults(): void {
    this.faults.length = 0;
  }

  get openWatches(): number {
    return this.watchers.size;
  }

  endWatches(how: 'ended' | 'broken' | 'silent'): void {
    for (const { body } of this.watchers) body.become(how);
  }

  /** Tells every watch that asked for it how far it is. */
  bookmark(): void {
    const object = { kind: 'Bookmark', metadata: { resourceVersion: String(this.table.version) } };
    for (const { body, isBookmarked } of this.watchers) if (isBookmarked) body.push(line('BOOKMARK', object));
  }

  /** Forgets the past: older versions and continue tokens are gone. */
  compact(): void {
    this.table.compact();
    this.snapshots.clear();
  }

  /** From now on these APIs (`group/version`) are served beside the core's, and no other. */
  serveApis(apis: readonly string[]): void {
    this.apis = new Set(apis);
  }

  /** From now on lists that allow it (`resourceVersion=0`) see the objects of this type as they are now. */
  freezeCache(type: string): void {
    this.cache ??= new Map();
    this.cache.set(type, { items: this.table.all(type), version: this.table.version });
  }

  /** The transport. */
  async send(request: WireRequest): Promise<WireResponse> {
    const target = parseTarget(request);
    if (target === undefined || !this.serves(request.path))
      return statusAnswer(404, 'NotFound', `no such path: ${request.path}`);
    const { path, method, query = {} } = request;
    const accept = request.headers?.['accept'] ?? '';
    this.requests.push({ target: target.sort, method, path, query, accept });
    if (request.signal.aborted) throw new DOMException('aborted', 'AbortError');
    const fault = this.takeFault(target.sort);
    switch (fault?.kind) {
      case 'status':
        return statusAnswer(fault.status, `Fault${fault.status}`, 'as told by the test', undefined, {
          ...(fault.retryAfterSeconds === undefined
            ? {}
            : { 'retry-after': String(fault.retryAfterSeconds) }),
        });
      case 'hang':
        return new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')), {
            once: true,
          });
        });
      case 'refuse':
        throw new Error('connect ECONNREFUSED');
      default:
    }
    const isLost = fault?.kind === 'lose-answer';
    if (isLost && target.sort === 'watch') throw new Error('socket hang up');
    const answer = this.answer(target, request, fault);
    if (isLost) throw new Error('socket hang up');
    return fault?.kind === 'truncate' && target.sort !== 'watch' ? truncated(answer) : answer;
  }

  private serves(path: string): boolean {
    const api = /^\/apis\/([^/]+\/[^/]+)/.exec(path)?.[1];
    return api === undefined || this.apis === undefined || this.apis.has(api);
  }

  private takeFault(target: FaultTarget): Fault | undefined {
    const at = this.faults.findIndex((planned) => planned.target === target);
    return at === -1 ? undefined : this.faults.splice(at, 1)[0]?.fault;
  }

  private answer(target: Target, request: WireRequest, fault: Fault | undefined): WireResponse {
    if (request.path === '/apis') return json(200, groupList(this.apis ?? new Set()));
    if (target.sort === 'list') return this.list(target, request.query ?? {});
    if (target.sort === 'watch') return this.watch(target, request, fault);
    if (target.sort === 'get') {
      const object = this.table.get(target.type, target.key);
      return object === undefined ? notFound(target) : json(200, object);
    }
    return write(this.table, this.ownership, target, request) ?? notFound(target);
  }

  private list(target: Target, query: Readonly<Record<string, string>>): WireResponse {
    const token = query['continue'];
    const [id, from] = token === undefined ? ['', 0] : [token.split('.')[0]!, Number(token.split('.')[1])];
    const snapshot = token === undefined ? this.snapshot(target, query) : this.snapshots.get(id);
    if (snapshot === undefined)
      return statusAnswer(410, 'Expired', 'The provided continue parameter is too old');
    const limit = Number(query['limit'] ?? 0);
    const items = limit > 0 ? snapshot.items.slice(from, from + limit) : snapshot.items.slice(from);
    const end = from + items.length;
    const next = end < snapshot.items.length ? `${id === '' ? String((this.tokens += 1)) : id}.${end}` : '';
    if (next !== '') this.snapshots.set(next.split('.')[0]!, snapshot);
    const metadata = { resourceVersion: String(snapshot.version), continue: next };
    return json(200, { kind: 'List', apiVersion: 'v1', metadata, items });
  }

  private snapshot(target: Target, query: Readonly<Record<string, string>>): Snapshot {
    const frozen = query['resourceVersion'] === '0' ? this.cache?.get(target.type) : undefined;
    const { items, version } = frozen ?? { items: this.table.all(target.type), version: this.table.version };
    const selects = selectorOf(query['labelSelector'], query['fieldSelector'], target.namespace);
    return { items: items.filter(selects), version };
  }

  private watch(target: Target, request: WireRequest, fault: Fault | undefined): WireResponse {
    const query = request.query ?? {};
    const version = Number(query['resourceVersion'] ?? 0);
    if (version < this.table.compacted) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      return { status: 200, headers: {}, body: chunks(line('ERROR', object)) };
    }
    const body = new WatchBody(request.signal);
    const selects = selectorOf(query['labelSelector'], query['fieldSelector'], target.namespace);
    spoil(body, fault);
    const tell = (entry: HistoryEntry): void => {
      const event = entry.type === target.type ? eventOf(entry, selects) : undefined;
      if (event !== undefined) body.push(event);
    };
    for (const entry of this.table.since(version, target.type)) tell(entry);
    const forget = this.table.onChange(tell);
    const watcher = { body, isBookmarked: query['allowWatchBookmarks'] === 'true' };
    this.watchers.add(watcher);
    return { status: 200, headers: {}, body: this.untilOver(watcher, forget) };
  }

  private async *untilOver(watcher: Watcher, forget: () => void): AsyncGenerator<Uint8Array> {
    try {
      yield* watcher.body;
    } finally {
      forget();
      this.watchers.delete(watcher);
    }
  }
}

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

/** What comes into or falls out of a selection is told as made or removed. */
function eventOf(entry: HistoryEntry, selects: (object: StoredObject) => boolean): string | undefined {
  const before = entry.before !== undefined && selects(entry.before) ? entry.before : undefined;
  const after = entry.after !== undefined && selects(entry.after) ? entry.after : undefined;
  if (after !== undefined) return line(before === undefined ? 'ADDED' : 'MODIFIED', after);
  if (before === undefined) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(entry.version) };
  return line('DELETED', { ...before, metadata });
}

function spoil(body: WatchBody, fault: Fault | undefined): void {
  switch (fault?.kind) {
    case 'silent':
      return body.become('silent', fault.afterLines);
    case 'cut':
      return body.become('broken', fault.afterLines);
    case 'end':
      return body.become('ended', fault.afterLines);
    case 'line':
      return body.push(`${fault.text}\n`);
    case 'truncate':
      body.push('{"type":"ADDED","object":{"metad');
      return body.become('ended');
    default:
  }
}

function truncated(answer: WireResponse): WireResponse {
  return { ...answer, body: firstHalf(answer.body) };
}

async function* firstHalf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield chunk.subarray(0, chunk.length / 2);
}

const notFound = (target: Target): WireResponse =>
  statusAnswer(404, 'NotFound', `${target.type} "${target.key}" not found`);

const groupList = (apis: ReadonlySet<string>): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [...apis].map((groupVersion) => ({
    name: groupVersion.split('/')[0],
    versions: [{ groupVersion, version: groupVersion.split('/')[1] }],
  })),
});
