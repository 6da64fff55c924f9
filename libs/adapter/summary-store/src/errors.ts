/** Every way a question to the store fails, with what a user can do about it. */
export const storeErrorCodes = {
  KA_STORE_BUSY: 'more questions wait than the store answers in time: ask again later, or ask for less',
  KA_STORE_DOWN: 'the thread of the store has ended and starts again: ask again later',
  KA_STORE_FAILED: 'the database refused the question: the message says why; see free space and permissions',
} as const;

export type StoreErrorCode = keyof typeof storeErrorCodes;

export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(`${code} ${message}`, { cause });
    this.name = 'StoreError';
    this.code = code;
  }
}
