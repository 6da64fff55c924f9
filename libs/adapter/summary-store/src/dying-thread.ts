import { parentPort } from 'node:worker_threads';
import { serveSummaryStore } from './store-thread.ts';

// Only for tests: a thread of the store that ends when it is asked for a certain text.
parentPort?.on('message', (message: { readonly query?: { readonly text?: string } }) => {
  if (message.query?.text === 'die now') process.exit(1);
});
serveSummaryStore();
