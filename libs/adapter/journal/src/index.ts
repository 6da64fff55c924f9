export { createJournal } from './framed-journal.ts';
export { JournalError, journalErrorCodes } from './errors.ts';
export type { JournalErrorCode } from './errors.ts';
export type { Journal, JournalCounts, JournalOptions, JournalState, JournalStorage } from './journal.ts';
