import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { EventPage, EventQuery, StoredEvent } from './query.ts';

/** Rows a question with filters looks at before it answers with what it has: it must not hold up what comes in. */
const maxLookedAt = 50_000;

interface Clause {
  readonly sql: string;
  readonly value: SQLInputValue;
}

const columns = ['namespace', 'pod', 'container', 'policy', 'operation', 'action', 'type', 'host'] as const;

export function askEvents(database: DatabaseSync, query: EventQuery): EventPage {
  const isForward = query.afterSeq !== undefined;
  const [key, compare, order] = isForward ? ['last_seq', '>', 'ASC'] : ['seq', '<', 'DESC'];
  const from = isForward ? query.afterSeq : (query.beforeSeq ?? Number.MAX_SAFE_INTEGER);
  const clauses = clausesOf(query);
  const edge =
    clauses.length === 0
      ? undefined
      : database
          .prepare(
            `SELECT ${key} AS edge FROM events WHERE ${key} ${compare} ? ORDER BY ${key} ${order} LIMIT 1 OFFSET ?`,
          )
          .get(from, maxLookedAt - 1)?.['edge'];
  const bound: Clause[] =
    edge === undefined ? [] : [{ sql: `${key} ${isForward ? '<=' : '>='} ?`, value: Number(edge) }];
  const all = [{ sql: `${key} ${compare} ?`, value: from }, ...bound, ...clauses];
  const rows = database
    .prepare(
      `SELECT seq, last_seq, kind, count, first_ms, last_ms, bytes FROM events WHERE ${all
        .map(({ sql }) => sql)
        .join(' AND ')} ORDER BY ${key} ${order} LIMIT ?`,
    )
    .all(...all.map(({ value }) => value), query.limit);
  const events = rows.map((row): StoredEvent => ({
    kind: row['kind'] === 0 ? 'alerts' : 'logs',
    seq: Number(row['seq']),
    lastSeq: Number(row['last_seq']),
    count: Number(row['count']),
    firstMs: Number(row['first_ms']),
    lastMs: Number(row['last_ms']),
    bytes: row['bytes'] as Uint8Array,
  }));
  const last = events.at(-1);
  const isFull = events.length === query.limit && last !== undefined;
  const next = isFull ? (isForward ? last.lastSeq : last.seq) : edge === undefined ? undefined : Number(edge);
  const ends = database.prepare('SELECT min(seq) AS oldest, max(last_seq) AS last FROM events').get()!;
  return {
    events,
    ...(next === undefined ? {} : { next }),
    oldestSeq: Number(ends['oldest'] ?? 0),
    lastSeq: Number(ends['last'] ?? 0),
  };
}

function clausesOf(query: EventQuery): readonly Clause[] {
  const clauses: Clause[] = [];
  for (const column of columns) {
    const value = query[column];
    if (value !== undefined) clauses.push({ sql: `${column} = ?`, value });
  }
  if (query.kind !== undefined) clauses.push({ sql: 'kind = ?', value: query.kind === 'alerts' ? 0 : 1 });
  if (query.minSeverity !== undefined) clauses.push({ sql: 'severity >= ?', value: query.minSeverity });
  // A row is the time from its first to its last repeat.
  if (query.sinceMs !== undefined) clauses.push({ sql: 'last_ms >= ?', value: query.sinceMs });
  if (query.untilMs !== undefined) clauses.push({ sql: 'first_ms < ?', value: query.untilMs });
  // Protobuf keeps texts as they are, so the encoded event can be searched.
  if (query.text !== undefined) clauses.push({ sql: 'instr(bytes, ?) > 0', value: Buffer.from(query.text) });
  return clauses;
}
