export { StoreError, storeErrorCodes } from './errors.ts';
export type { StoreErrorCode } from './errors.ts';
export type { EventKind, StoreLimits } from './protocol.ts';
export type { EventPage, EventQuery, StoredEvent, SummaryPage, SummaryQuery, SummaryRow } from './query.ts';
export { serveSummaryStore } from './store-thread.ts';
export { createSummaryStore } from './summary-store.ts';
export type { StoreCounts, SummaryStore, SummaryStoreOptions } from './summary-store.ts';
