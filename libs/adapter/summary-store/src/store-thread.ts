import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { EventDatabase } from './event-database.ts';
import { reasonOf } from './open-database.ts';
import type { FromThread, ThreadSettings, ToThread } from './protocol.ts';

/** How the thread that is to run the store is told apart from others of the same app. */
export interface StoreTask {
  readonly summaryStore: ThreadSettings;
}

/** True when this is the thread of a store, which then serves until it is told to close. */
export function serveSummaryStore(): boolean {
  const task = (workerData as Partial<StoreTask> | null)?.summaryStore;
  const port = parentPort;
  if (isMainThread || task === undefined || port === null) return false;
  const database = new EventDatabase(task);
  const say = (message: FromThread): void => port.postMessage(message);
  const noted = (): { notice?: string } => {
    const notice = database.takeNotice();
    return notice === undefined ? {} : { notice };
  };
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'batch':
        database.store(message.packed);
        say({ kind: 'done', counts: database.counts, ...noted() });
        return;
      case 'close':
        database.close();
        port.close();
        return;
      default:
        try {
          const page =
            message.kind === 'events' ? database.events(message.query) : database.summaries(message.query);
          say({ kind: 'answer', id: message.id, page });
        } catch (failure) {
          say({ kind: 'failure', id: message.id, message: reasonOf(failure) });
        }
    }
  });
  say({ kind: 'ready', lastSeq: database.lastSeq, counts: database.counts, ...noted() });
  return true;
}
