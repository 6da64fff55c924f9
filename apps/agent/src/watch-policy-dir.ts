import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '@kubearmor-ts/life';
import type { CodedError } from '@kubearmor-ts/result';
import type { PolicyFile, PolicyStore } from './policy-store.ts';
import { readPolicyFile, sameStamp, stampOf } from './read-policy-file.ts';
import type { FileStamp, PolicyParser } from './read-policy-file.ts';

export interface PolicyDirOptions {
  readonly dir: string;
  readonly store: PolicyStore;
  /** Editors and `cp` raise several events for one change. */
  readonly settleMs: number;
  /** Catches what file events miss: network file systems, an exhausted inotify table. */
  readonly rescanMs: number;
  readonly onError: (error: CodedError) => void;
  readonly parse?: PolicyParser;
}

const MAX_FILES = 20_000;

/**
 * Keeps the store in step with a directory of policy files.
 *
 *  1. One look at a time; a change seen during a look causes another.
 *  2. All files of a look reach the store as one change.
 */
export class PolicyDir implements Service {
  readonly name: string;
  readonly #options: PolicyDirOptions;
  readonly #stamps = new Map<string, FileStamp>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(options: PolicyDirOptions) {
    this.name = `policies in ${options.dir}`;
    this.#options = options;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#close(), { once: true });
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      this.#options.onError(dirError(this.#options.dir, 'cannot be made', cause));
    });
    await this.rescan();
    this.#schedule(this.#options.rescanMs);
  }

  async stop(): Promise<void> {
    this.#close();
    await this.#queue;
  }

  /** Runs `work` while no look is under way, so that files and store are changed together. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  rescan(): Promise<void> {
    return this.exclusively(() => this.#look());
  }

  /** Only inside `exclusively`: takes up one file at once. */
  async take(path: string): Promise<void> {
    const stamp = await stampOf(path);
    if (stamp === undefined) {
      this.#stamps.delete(path);
      this.#options.store.apply([], [path]);
      return;
    }
    this.#stamps.set(path, stamp);
    this.#options.store.apply([await readPolicyFile(path, stamp, this.#options.parse)], []);
  }

  async #look(): Promise<void> {
    this.#watch();
    const names = await readdir(this.#options.dir).catch((cause: NodeJS.ErrnoException) => {
      this.#options.onError(
        dirError(this.#options.dir, 'cannot be listed; its policies stay as they are', cause),
      );
      return undefined;
    });
    if (names === undefined) return;
    const paths = names
      .filter(isPolicyFileName)
      .sort()
      .map((name) => join(this.#options.dir, name));
    if (paths.length > MAX_FILES) {
      const message = `it has ${paths.length} policy files, only the first ${MAX_FILES} are read`;
      this.#options.onError({
        code: 'KA_AGENT_TOO_MANY_FILES',
        reason: 'TooManyFiles',
        message,
        object: this.#options.dir,
      });
    }
    const found = new Set<string>();
    const read: PolicyFile[] = [];
    const stamps: [string, FileStamp][] = [];
    const looked = paths.slice(0, MAX_FILES);
    const seen = await Promise.all(looked.map(stampOf));
    for (const [at, path] of looked.entries()) {
      const stamp = seen[at];
      if (stamp === undefined) continue;
      found.add(path);
      const known = this.#stamps.get(path);
      if (known !== undefined && sameStamp(known, stamp)) continue;
      read.push(await readPolicyFile(path, stamp, this.#options.parse));
      stamps.push([path, stamp]);
    }
    const gone = [...this.#stamps.keys()].filter((path) => !found.has(path));
    for (const path of gone) this.#stamps.delete(path);
    for (const [path, stamp] of stamps) this.#stamps.set(path, stamp);
    if (read.length + gone.length > 0) this.#options.store.apply(read, gone);
  }

  #watch(): void {
    if (this.#watcher !== undefined || this.#isStopped) return;
    try {
      const watcher = watch(this.#options.dir, () => this.#schedule(this.#options.settleMs));
      const lose = (): void => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = undefined;
      };
      watcher.on('error', lose);
      this.#watcher = watcher;
    } catch {
      /* The directory is not there: the next look tries again. */
    }
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.rescan().finally(() => this.#schedule(this.#options.rescanMs));
    }, ms);
  }

  #close(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

/** Dot files are editors' and our own half-written ones. */
const isPolicyFileName = (name: string): boolean => !name.startsWith('.') && /\.(ya?ml|json)$/i.test(name);

const dirError = (dir: string, what: string, cause: unknown): CodedError => ({
  code: 'KA_AGENT_POLICY_DIR',
  reason: 'PolicyDirectoryUnusable',
  message: `the policy directory ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
  object: dir,
  cause,
});
