import { eventTimeMs, repeatKey } from '@kubearmor-ts/behaviour';
import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PackedEvent } from './packed-batch.ts';

interface OpenRow {
  readonly seq: number;
  readonly sinceMs: number;
  count: number;
  lastSeq: number;
  lastMs: number;
}

/** Rows that may still take repeats. Beyond it the oldest is closed early, which costs a row, not a count. */
const maxOpen = 20_000;

/**
 * Events as rows, where a repeat within the window of the first only counts.
 *
 *  1. The sum of `count` over all rows ever written is the number of events added.
 *  2. A row's place in the order is that of its first event and never changes.
 */
export class FoldRepeats {
  private readonly windowMs: number;
  private readonly open = new Map<string, OpenRow>();
  private readonly dirty = new Set<OpenRow>();
  private readonly insert: StatementSync;
  private readonly update: StatementSync;

  constructor(database: DatabaseSync, windowMs: number) {
    this.windowMs = windowMs;
    this.insert = database.prepare(
      'INSERT INTO events (seq, last_seq, kind, count, first_ms, last_ms, received_ms, severity, namespace, pod,' +
        ' container, policy, operation, action, type, host, bytes) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)',
    );
    this.update = database.prepare('UPDATE events SET count = ?, last_seq = ?, last_ms = ? WHERE seq = ?');
  }

  /** True when the event was folded into an earlier one. */
  add({ seq, kind, receivedMs, bytes }: PackedEvent, event: Alert | Log): boolean {
    const key = repeatKey(event);
    const timeMs = eventTimeMs(event);
    const row = this.open.get(key);
    // The clock may be set back: an age below zero is as good a reason for a new row as one beyond the window.
    const ageMs = row === undefined ? -1 : receivedMs - row.sinceMs;
    if (row !== undefined && ageMs >= 0 && ageMs < this.windowMs) {
      row.count += 1;
      row.lastSeq = seq;
      row.lastMs = Math.max(row.lastMs, timeMs);
      this.dirty.add(row);
      return true;
    }
    const [policy, action, severity] = isAlert(event)
      ? [event.PolicyName, event.Action, severityOf(event.Severity)]
      : ['', '', 0];
    this.insert.run(
      ...[seq, seq, kind === 'alerts' ? 0 : 1, 1, timeMs, timeMs, receivedMs, severity],
      ...[event.NamespaceName, event.PodName, event.ContainerName, policy, event.Operation, action],
      ...[event.Type, event.HostName, bytes],
    );
    this.open.delete(key);
    this.open.set(key, { seq, sinceMs: receivedMs, count: 1, lastSeq: seq, lastMs: timeMs });
    if (this.open.size > maxOpen) this.open.delete(this.open.keys().next().value!);
    return false;
  }

  /** Before the transaction ends. */
  flush(): void {
    for (const row of this.dirty) this.update.run(row.count, row.lastSeq, row.lastMs, row.seq);
    this.dirty.clear();
  }

  /** After a transaction that was rolled back: what the rows hold is not known any more. */
  forget(): void {
    this.open.clear();
    this.dirty.clear();
  }
}

/** Policies use 1 to 10; a peer may send anything. */
const severityOf = (text: string): number => (/^\d{1,4}$/.test(text) ? Number(text) : 0);
