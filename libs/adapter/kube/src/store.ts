import { keyOf } from './kube-object.ts';
import type { KubeObject, ObjectKey } from './kube-object.ts';

export type Change<T> =
  | { readonly type: 'added'; readonly key: ObjectKey; readonly value: T }
  | { readonly type: 'updated'; readonly key: ObjectKey; readonly value: T; readonly previous: T }
  | { readonly type: 'removed'; readonly key: ObjectKey; readonly previous: T };

export interface StoreOptions<T> {
  /**
   * What of an object is kept; undefined keeps nothing of it. Throwing keeps nothing either and is counted: one
   * object that nobody foresaw must not end the watch over all others.
   */
  readonly transform: (object: KubeObject) => T | undefined;
  /** Each gives the values under which an object is found; used by `by`. */
  readonly indexes?: Readonly<Record<string, (value: T) => readonly string[]>>;
}

interface Entry<T> {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly value: T;
}

/** What readers get. */
export interface StoreView<T> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  keys(): IterableIterator<ObjectKey>;
  values(): IterableIterator<T>;
  /** Those for which the index gave the value, in no order. */
  by(index: string, value: string): readonly T[];
  /** Calls the listener after each change, until the function it gives back is called. */
  onChange(listener: (change: Change<T>) => void): () => void;
}

/**
 * The objects of one kind, as the server has them.
 *
 *  1. Listeners hear every difference between what they were told and what is there; an object that was removed and
 *     made again under its name while nobody looked is told as both.
 *  2. A listener is called after the store and its indexes have changed.
 *  3. Nothing of the raw object is held on to unless the transform does.
 */
export class Store<T> implements StoreView<T> {
  private readonly entries = new Map<ObjectKey, Entry<T>>();
  private readonly indexed = new Map<string, Map<string, Set<ObjectKey>>>();
  private readonly listeners = new Set<(change: Change<T>) => void>();
  private readonly options: StoreOptions<T>;
  private transformFailures = 0;

  constructor(options: StoreOptions<T>) {
    this.options = options;
    for (const name of Object.keys(options.indexes ?? {})) this.indexed.set(name, new Map());
  }

  get size(): number {
    return this.entries.size;
  }

  /** Objects that the transform threw at. */
  get failures(): number {
    return this.transformFailures;
  }

  get(key: ObjectKey): T | undefined {
    return this.entries.get(key)?.value;
  }

  keys(): IterableIterator<ObjectKey> {
    return this.entries.keys();
  }

  *values(): IterableIterator<T> {
    for (const { value } of this.entries.values()) yield value;
  }

  by(index: string, value: string): readonly T[] {
    const table = this.indexed.get(index);
    if (table === undefined) throw new Error(`the store has no index ${index}`);
    return [...(table.get(value) ?? [])].map((key) => this.entries.get(key)!.value);
  }

  onChange(listener: (change: Change<T>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** An event's object. */
  put(object: KubeObject): void {
    this.set(keyOf(object.metadata), this.entryOf(object));
  }

  remove(key: ObjectKey): void {
    this.set(key, undefined);
  }

  /** A list's objects, already through `entryOf`: what is not among them is gone. */
  replace(snapshot: ReadonlyMap<ObjectKey, Entry<T>>): void {
    for (const key of [...this.entries.keys()]) if (!snapshot.has(key)) this.set(key, undefined);
    for (const [key, entry] of snapshot) this.set(key, entry);
  }

  /** Taken page by page, so that the raw pages of a long list need not be held together. */
  entryOf(object: KubeObject): Entry<T> | undefined {
    try {
      const value = this.options.transform(object);
      const { uid, resourceVersion } = object.metadata;
      return value === undefined ? undefined : { uid, resourceVersion, value };
    } catch {
      this.transformFailures += 1;
      return undefined;
    }
  }

  private set(key: ObjectKey, entry: Entry<T> | undefined): void {
    const previous = this.entries.get(key);
    if (previous !== undefined && entry !== undefined && previous.uid === entry.uid) {
      if (previous.resourceVersion !== undefined && previous.resourceVersion === entry.resourceVersion)
        return;
      this.unindex(key, previous.value);
      this.insert(key, entry);
      this.tell({ type: 'updated', key, value: entry.value, previous: previous.value });
      return;
    }
    if (previous !== undefined) {
      this.unindex(key, previous.value);
      this.entries.delete(key);
      this.tell({ type: 'removed', key, previous: previous.value });
    }
    if (entry !== undefined) {
      this.insert(key, entry);
      this.tell({ type: 'added', key, value: entry.value });
    }
  }

  private insert(key: ObjectKey, entry: Entry<T>): void {
    this.entries.set(key, entry);
    this.eachIndexed(entry.value, (table, found) => {
      const keys = table.get(found) ?? new Set();
      table.set(found, keys.add(key));
    });
  }

  private unindex(key: ObjectKey, value: T): void {
    this.eachIndexed(value, (table, found) => {
      const keys = table.get(found);
      keys?.delete(key);
      if (keys?.size === 0) table.delete(found);
    });
  }

  private eachIndexed(value: T, visit: (table: Map<string, Set<ObjectKey>>, found: string) => void): void {
    for (const [name, valuesOf] of Object.entries(this.options.indexes ?? {}))
      for (const found of valuesOf(value)) visit(this.indexed.get(name)!, found);
  }

  private tell(change: Change<T>): void {
    for (const listener of this.listeners) listener(change);
  }
}

export type { Entry as StoreEntry };
