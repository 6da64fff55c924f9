import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Service } from '@kubearmor-ts/life';
import type { CodedError } from '@kubearmor-ts/result';
import type { AttributionHistory, Binding, Explanation } from './attribution-history.ts';

const SETTLE_MS = 300;
const FORMAT = 1;

interface Stored {
  readonly format: number;
  readonly tables: readonly (readonly (Explanation | null)[])[];
  readonly bindings: readonly (Omit<Binding, 'plan'> & {
    readonly revision: number;
    readonly table?: number;
  })[];
}

/**
 * Keeps on disk what the revisions in force mean, so that the next agent can explain records which were decided by rules
 * that it never had itself. Losing the file costs names in alerts, never protection.
 */
export class RevisionMemory implements Service {
  readonly name: string;
  readonly #path: string;
  readonly #history: AttributionHistory;
  readonly #onError: (error: CodedError) => void;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, history: AttributionHistory, onError: (error: CodedError) => void) {
    this.name = `revisions in ${path}`;
    this.#path = path;
    this.#history = history;
    this.#onError = onError;
  }

  async start(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    const stored = text === undefined ? undefined : parse(text);
    if (stored === undefined) return;
    const tables = stored.tables.map((rules) => ({ rules: rules.map((rule) => rule ?? undefined) }));
    for (const { revision, table, ...binding } of stored.bindings) {
      this.#history.record(revision, { ...binding, plan: table === undefined ? undefined : tables[table] });
    }
  }

  async stop(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  /** Something is in force under another revision than before. */
  changed(): void {
    this.#timer ??= setTimeout(() => this.#write(), SETTLE_MS);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#save());
  }

  async #save(): Promise<void> {
    const draft = `${this.#path}.new`;
    try {
      await writeFile(draft, JSON.stringify(toStored(this.#history.latest())), { mode: 0o600 });
      await rename(draft, this.#path);
    } catch (cause) {
      await rm(draft, { force: true }).catch(() => undefined);
      this.#onError({
        code: 'KA_AGENT_REVISIONS_NOT_KEPT',
        reason: 'StateNotKept',
        message: `after a restart some alerts may not name their policy: ${cause instanceof Error ? cause.message : String(cause)}`,
        object: this.#path,
      });
    }
  }
}

function toStored(latest: Iterable<readonly [number, Binding]>): Stored {
  const numbers = new Map<NonNullable<Binding['plan']>, number>();
  const tables: (Explanation | null)[][] = [];
  const bindings: Stored['bindings'][number][] = [];
  for (const [revision, { plan, ...binding }] of latest) {
    if (plan === undefined) {
      bindings.push({ ...binding, revision });
      continue;
    }
    if (!numbers.has(plan)) {
      numbers.set(plan, tables.length);
      tables.push(plan.rules.map((rule) => (rule === undefined ? null : explain(rule))));
    }
    bindings.push({ ...binding, revision, table: numbers.get(plan) as number });
  }
  return { format: FORMAT, tables, bindings };
}

const explain = ({ policy, severity, tags, message, action }: Explanation): Explanation => ({
  policy,
  severity,
  tags,
  message,
  action,
});

/** The file is our own; anything else in its place is as good as none. */
function parse(text: string): Stored | undefined {
  try {
    const stored = JSON.parse(text) as Partial<Stored> | null;
    const isOurs =
      stored?.format === FORMAT && Array.isArray(stored.tables) && Array.isArray(stored.bindings);
    return isOurs ? (stored as Stored) : undefined;
  } catch {
    return undefined;
  }
}
