import { Alert, Log } from '@kubearmor-ts/proto';
import type { DatabaseSync } from 'node:sqlite';
import { askEvents } from './ask-events.ts';
import { askSummaries } from './ask-summaries.ts';
import { CountBehaviours } from './count-behaviours.ts';
import { FoldRepeats } from './fold-repeats.ts';
import { isUnusable, moveAside, openDatabase, reasonOf } from './open-database.ts';
import { unpackBatch } from './packed-batch.ts';
import type { ThreadCounts, ThreadSettings } from './protocol.ts';
import type { EventPage, EventQuery, SummaryPage, SummaryQuery } from './query.ts';
import { retire, usedBytes, vacuum } from './retire.ts';

/** Between looks at size and age while nothing is over its bound. */
const retireEveryMs = 5000;
/** Of taking away; then the next batch has its turn. */
const stepsAtOnce = 5;

/** What runs in the thread: everything here is synchronous. */
export class EventDatabase {
  /** When it was opened. */
  lastSeq = 0;
  private readonly settings: ThreadSettings;
  private database!: DatabaseSync;
  private repeats!: FoldRepeats;
  private behaviours!: CountBehaviours;
  private lastRetireMs = 0;
  private isOver = false;
  private readonly counted = {
    stored: 0,
    folded: 0,
    malformed: 0,
    failed: 0,
    retired: 0,
    movedAside: 0,
    bytes: 0,
  };
  /** For the log, once: what was wrong with the database. */
  private pendingNotice: string | undefined;

  constructor(settings: ThreadSettings) {
    this.settings = settings;
    this.open();
  }

  get counts(): ThreadCounts {
    return { ...this.counted };
  }

  takeNotice(): string | undefined {
    const notice = this.pendingNotice;
    this.pendingNotice = undefined;
    return notice;
  }

  store(packed: ArrayBuffer): void {
    let count = 0;
    let folded = 0;
    let malformed = 0;
    let receivedMs = 0;
    try {
      this.database.exec('BEGIN');
      for (const item of unpackBatch(packed)) {
        receivedMs = item.receivedMs;
        let event: Alert | Log;
        try {
          event = item.kind === 'alerts' ? Alert.decode(item.bytes) : Log.decode(item.bytes);
        } catch {
          malformed += 1;
          continue;
        }
        count += 1;
        if (this.repeats.add(item, event)) folded += 1;
        this.behaviours.add(event);
      }
      this.repeats.flush();
      this.behaviours.flush(receivedMs);
      this.database.exec('COMMIT');
    } catch (failure) {
      this.rollBack(failure);
      this.counted.failed += [...unpackBatch(packed)].length;
      return;
    }
    this.counted.stored += count;
    this.counted.folded += folded;
    this.counted.malformed += malformed;
    if (this.isOver || Math.abs(receivedMs - this.lastRetireMs) >= retireEveryMs) this.retire(receivedMs);
  }

  events(query: EventQuery): EventPage {
    return this.asking(() => askEvents(this.database, query));
  }

  summaries(query: SummaryQuery): SummaryPage {
    return this.asking(() => askSummaries(this.database, query));
  }

  close(): void {
    this.database.close();
  }

  private retire(nowMs: number): void {
    this.lastRetireMs = nowMs;
    try {
      this.isOver = true;
      for (let turn = 0; turn < stepsAtOnce && this.isOver; turn++) {
        this.database.exec('BEGIN');
        const outcome = retire(this.database, this.settings.limits, nowMs, this.behaviours.bytes);
        this.database.exec('COMMIT');
        this.counted.retired += outcome.retired;
        this.isOver = outcome.isOver;
        if (outcome.hasRetiredBehaviours) this.behaviours.forget();
        if (outcome.retired > 0) vacuum(this.database);
      }
      this.counted.bytes = usedBytes(this.database);
    } catch (failure) {
      this.isOver = false;
      this.rollBack(failure);
    }
  }

  private asking<T>(ask: () => T): T {
    try {
      return ask();
    } catch (failure) {
      if (isUnusable(failure)) this.startAnew(failure);
      throw failure;
    }
  }

  private rollBack(failure: unknown): void {
    if (isUnusable(failure)) {
      this.startAnew(failure);
      return;
    }
    this.pendingNotice = `a batch was not stored: ${reasonOf(failure)}`;
    if (this.database.isTransaction) this.database.exec('ROLLBACK');
    this.repeats.forget();
    this.behaviours.forget();
  }

  private startAnew(failure: unknown): void {
    try {
      this.database.close();
    } catch {
      // A broken database need not close well; its file is moved either way.
    }
    moveAside(this.settings.path);
    this.noteMovedAside(reasonOf(failure));
    this.open();
  }

  private open(): void {
    const { database, movedAside } = openDatabase(this.settings.path);
    if (movedAside !== undefined) this.noteMovedAside(movedAside);
    this.database = database;
    try {
      this.repeats = new FoldRepeats(database, this.settings.limits.repeatWindowMs);
      this.behaviours = new CountBehaviours(database, this.settings.limits);
      this.counted.bytes = usedBytes(database);
      this.lastSeq = Number(database.prepare('SELECT max(last_seq) AS last FROM events').get()!['last'] ?? 0);
    } catch (failure) {
      // Opening looks at the first page only; trouble behind it shows here, and once: what is new has none.
      if (!isUnusable(failure)) throw failure;
      this.startAnew(failure);
    }
  }

  private noteMovedAside(reason: string): void {
    this.counted.movedAside += 1;
    this.pendingNotice = `${this.settings.path} cannot be used and was moved to ${this.settings.path}.unusable: ${reason}`;
  }
}
