/** Every way this room fails, with what a user can do about it. */
export const journalErrorCodes = {
  KA_JOURNAL_OPEN:
    'the journal directory cannot be used: create it, or give the relay the right to write there',
  KA_JOURNAL_IN_USE: 'another process keeps its journal there: give each relay a directory of its own',
  KA_JOURNAL_READER_NAME:
    'a reader’s name is made of letters, digits, dots, dashes and underscores, at most 64',
} as const;

export type JournalErrorCode = keyof typeof journalErrorCodes;

export class JournalError extends Error {
  readonly code: JournalErrorCode;
  readonly object: string;

  constructor(code: JournalErrorCode, object: string, message: string, cause?: unknown) {
    super(`${code} ${object}: ${message}`, { cause });
    this.name = 'JournalError';
    this.code = code;
    this.object = object;
  }
}

/** `ENOENT`, `ENOSPC` …: what the system said, if it was the system. */
export function systemCode(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return '';
  return typeof cause.code === 'string' ? cause.code : '';
}
