import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodedError } from '@kubearmor-ts/result';
import type { ContainerFacts } from '@kubearmor-ts/workload';
import { findRuncBundle } from './runc-bundle.ts';
import { parseRuncState, toRuncFacts } from './runc-state.ts';
import type { RuntimeUpdate } from './runtime-update.ts';
import { waitOrAbort } from './wait-or-abort.ts';

export interface RuncWatchOptions {
  /** runc's `--root`: one directory per container. It need not exist yet. */
  readonly root: string;
  readonly procfs: string;
  /** Between two looks when no file event came, and between tries while the root does not exist. */
  readonly rescanMs: number;
}

/**
 * Follows the state directories of plain runc. A container is announced when its directory appears; the spec is found
 * through the running runc process, and confirmed from the state file that runc writes when the first process waits to
 * be started.
 */
export async function* watchRunc(
  options: RuncWatchOptions,
  signal: AbortSignal,
): AsyncGenerator<RuntimeUpdate, void, undefined> {
  const bell = new Bell();
  const watchers = new DirectoryWatchers(() => bell.ring());
  const early = new Map<string, ContainerFacts>();
  try {
    while (!signal.aborted) {
      watchers.add(options.root);
      const ids = await listDirectories(options.root);
      for (const id of early.keys()) if (!ids.includes(id)) early.delete(id);
      watchers.keepOnly([options.root, ...ids.map((id) => join(options.root, id))]);
      const containers: ContainerFacts[] = [];
      for (const id of ids) {
        watchers.add(join(options.root, id));
        const read = await readContainer(options, id, early);
        if ('error' in read) yield { kind: 'unreadable', error: read.error };
        else containers.push(read);
      }
      yield { kind: 'listed', containers };
      await bell.heard(options.rescanMs, signal);
    }
  } finally {
    watchers.close();
  }
}

async function readContainer(
  { root, procfs }: RuncWatchOptions,
  id: string,
  early: Map<string, ContainerFacts>,
): Promise<ContainerFacts | { readonly error: CodedError }> {
  const text = await readFile(join(root, id, 'state.json'), 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const facts = parseRuncState(text, root, id);
    if (facts !== undefined) return facts;
    const error = {
      code: 'KA_CRI_RUNC_STATE_UNREADABLE',
      reason: 'ContainerStateUnreadable',
      message: 'the state file that runc wrote is not what runc 1.x writes',
      object: id,
      place: join(root, id, 'state.json'),
    };
    return { error };
  }
  const known = early.get(id);
  if (known !== undefined) return known;
  const spec = await findRuncBundle(procfs, id);
  const facts = toRuncFacts(root, id, {
    annotations: spec?.annotations ?? {},
    cgroupsPath: spec?.cgroupsPath ?? '',
  });
  if (spec !== undefined) early.set(id, facts);
  return facts;
}

async function listDirectories(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Rings that come while nobody waits are heard at once by the next who does. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async heard(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung) {
      const early = new AbortController();
      this.#wake = () => early.abort();
      await waitOrAbort(ms, AbortSignal.any([signal, early.signal]));
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}

class DirectoryWatchers {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  add(path: string): void {
    if (this.#watchers.has(path)) return;
    try {
      const watcher = watch(path, { persistent: true }, (_event, name) => {
        this.#onChange();
        /* inotify reports the end of the watched directory under its own name. */
        if (name !== null && path.endsWith(`/${name}`)) this.#drop(path);
      });
      watcher.on('error', () => this.#drop(path));
      this.#watchers.set(path, watcher);
    } catch {
      /* Not there (yet), or no inotify watch left: the periodic look covers it. */
    }
  }

  keepOnly(paths: readonly string[]): void {
    for (const path of this.#watchers.keys()) if (!paths.includes(path)) this.#drop(path);
  }

  close(): void {
    for (const path of [...this.#watchers.keys()]) this.#drop(path);
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}
