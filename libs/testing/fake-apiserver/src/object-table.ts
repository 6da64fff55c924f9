import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

export interface StoredObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface HistoryEntry {
  readonly version: number;
  readonly type: string;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
}

export type Writable = Readonly<Record<string, unknown>> & {
  readonly metadata: Readonly<Record<string, unknown>>;
};

/** The objects of all types under one growing version, and what changed since the last compaction. */
export class ObjectTable {
  private readonly objects = new Map<string, StoredObject>();
  private history: HistoryEntry[] = [];
  private readonly listeners = new Set<(entry: HistoryEntry) => void>();
  version = 100;
  /** Changes up to here are forgotten. */
  compacted = 100;

  get(type: string, key: string): StoredObject | undefined {
    return this.objects.get(`${type} ${key}`);
  }

  all(type: string): StoredObject[] {
    const found = [...this.objects].filter(([id]) => id.startsWith(`${type} `));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Made or changed; the very object that was there when nothing differs. */
  put(type: string, key: string, wanted: Writable): StoredObject {
    const before = this.get(type, key);
    const after = this.finished(before, wanted);
    if (before !== undefined && sameContent(before, after)) return before;
    this.commit(type, key, before, after);
    return after;
  }

  /** As `put` would make it. */
  preview(type: string, key: string, wanted: Writable): StoredObject {
    return this.finished(this.get(type, key), wanted);
  }

  remove(type: string, key: string): StoredObject | undefined {
    const before = this.get(type, key);
    if (before !== undefined) this.commit(type, key, before, undefined);
    return before;
  }

  since(version: number, type: string): HistoryEntry[] {
    return this.history.filter((entry) => entry.version > version && entry.type === type);
  }

  onChange(listener: (entry: HistoryEntry) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  compact(): void {
    this.compacted = this.version;
    this.history = [];
  }

  private finished(before: StoredObject | undefined, wanted: Writable): StoredObject {
    const isSpecSame = before !== undefined && isDeepStrictEqual(before['spec'], wanted['spec']);
    return {
      ...wanted,
      metadata: {
        ...wanted.metadata,
        name: String(wanted.metadata['name']),
        uid: before?.metadata.uid ?? randomUUID(),
        resourceVersion: String(this.version + 1),
        generation: (before?.metadata.generation ?? 0) + (isSpecSame ? 0 : 1),
      },
    };
  }

  private commit(
    type: string,
    key: string,
    before: StoredObject | undefined,
    after: StoredObject | undefined,
  ): void {
    this.version += 1;
    if (after === undefined) this.objects.delete(`${type} ${key}`);
    else this.objects.set(`${type} ${key}`, after);
    const entry = { version: this.version, type, before, after };
    this.history.push(entry);
    for (const listener of this.listeners) listener(entry);
  }
}

const sameContent = (a: StoredObject, b: StoredObject): boolean =>
  isDeepStrictEqual(
    { ...a, metadata: { ...a.metadata, resourceVersion: '' } },
    { ...b, metadata: { ...b.metadata, resourceVersion: '' } },
  );
