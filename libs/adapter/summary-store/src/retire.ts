import type { DatabaseSync } from 'node:sqlite';
import type { StoreLimits } from './protocol.ts';

/** Rows that go at a time: the next batch waits no longer than that takes. */
const step = 2000;

/** Takes away what is too old or too much, a step at a time; gives the number of events that went. */
export function retire(
  database: DatabaseSync,
  limits: StoreLimits,
  nowMs: number,
  behaviourBytes: number,
): RetireOutcome {
  const eventBytes = (): number => usedBytes(database) - behaviourBytes;
  const drop = (rows: number, condition: string, ...values: number[]): number => {
    const where = `seq IN (SELECT seq FROM events ORDER BY seq LIMIT ${String(rows)}) AND ${condition}`;
    const sum = database.prepare(`SELECT sum(count) AS sum FROM events WHERE ${where}`).get(...values)![
      'sum'
    ];
    if (sum === null) return 0;
    database.prepare(`DELETE FROM events WHERE ${where}`).run(...values);
    return Number(sum);
  };
  let retired = drop(step, 'received_ms < ?', nowMs - limits.maxAgeMs);
  const used = eventBytes();
  if (used > limits.maxBytes) {
    // A tenth more than is needed: the next event must not lead here again.
    const rows = Number(database.prepare('SELECT count(*) AS count FROM events').get()!['count']);
    const share = 1 - (0.9 * limits.maxBytes) / used;
    retired += drop(Math.max(1, Math.min(step, Math.ceil(rows * share))), '1');
  }
  const behaviours = database
    .prepare(
      'DELETE FROM behaviours WHERE id IN (SELECT id FROM behaviours WHERE received_ms < ? ORDER BY received_ms' +
        ` LIMIT ${String(step)})`,
    )
    .run(nowMs - limits.maxBehaviourAgeMs).changes;
  if (Number(behaviours) > 0) {
    database.exec(
      'UPDATE workloads SET behaviours = (SELECT count(*) FROM behaviours WHERE workload = workloads.id);' +
        ' DELETE FROM workloads WHERE behaviours = 0',
    );
  }
  return {
    retired,
    hasRetiredBehaviours: Number(behaviours) > 0,
    isOver: retired > 0 && eventBytes() > limits.maxBytes,
  };
}

export interface RetireOutcome {
  readonly retired: number;
  readonly hasRetiredBehaviours: boolean;
  /** There is more to take away. */
  readonly isOver: boolean;
}

/** Of pages that hold something; free ones are given back to the file system by `vacuum`. */
export function usedBytes(database: DatabaseSync): number {
  const read = (pragma: string): number =>
    Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? { none: 0 })[0]);
  return (read('page_count') - read('freelist_count')) * read('page_size');
}

export const vacuum = (database: DatabaseSync): void => database.exec('PRAGMA incremental_vacuum(1000)');
