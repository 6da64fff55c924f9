import { eventKindNames } from '@kubearmor-ts/proto';
import type { Cursor } from '@kubearmor-ts/proto';

/**
 * How far each agent's stream has come. Bounded: a new stream beyond the limit pushes out the one that was silent
 * longest, which is most likely of an agent run that is over.
 */
export class StreamCursors {
  private readonly limit: number;
  private readonly byStream: Map<string, Readonly<Cursor>>;

  constructor(limit: number, from: ReadonlyMap<string, Readonly<Cursor>> = new Map()) {
    this.limit = limit;
    this.byStream = new Map(from);
  }

  get(streamId: string): Readonly<Cursor> | undefined {
    return this.byStream.get(streamId);
  }

  set(streamId: string, through: Readonly<Cursor>): void {
    if (streamId === '') return;
    this.byStream.delete(streamId);
    this.byStream.set(streamId, through);
    if (this.byStream.size <= this.limit) return;
    const [silent] = this.byStream.keys();
    if (silent !== undefined) this.byStream.delete(silent);
  }

  entries(): ReadonlyMap<string, Readonly<Cursor>> {
    return this.byStream;
  }

  encode(): Buffer {
    const rows = [...this.byStream].map(([id, cursor]) => [
      id,
      ...eventKindNames.map((kind) => cursor[kind]),
    ]);
    return Buffer.from(JSON.stringify(rows));
  }
}

/** Rows that are none are left out: their streams begin anew, and events come twice rather than never. */
export function decodeStreamCursors(bytes: Buffer): ReadonlyMap<string, Cursor> {
  const cursors = new Map<string, Cursor>();
  let rows: unknown;
  try {
    rows = JSON.parse(bytes.toString());
  } catch {
    return cursors;
  }
  for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {
    if (!Array.isArray(row)) continue;
    const [id, alerts, logs, messages] = row as unknown[];
    if (typeof id === 'string' && isNumber(alerts) && isNumber(logs) && isNumber(messages))
      cursors.set(id, { alerts, logs, messages });
  }
  return cursors;
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
