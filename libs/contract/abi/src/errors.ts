/** What can be wrong with bytes that claim to be frames. */
export const frameErrorTable = {
  KA_ABI_FRAME_TOO_LARGE: 'FrameTooLarge',
  KA_ABI_FRAME_TRUNCATED: 'FrameTruncated',
  KA_ABI_FRAME_UNKNOWN: 'FrameUnknown',
  KA_ABI_MISMATCH: 'AbiMismatch',
  KA_ABI_LENGTH_BROKEN: 'FrameLengthBroken',
  KA_ABI_RECORD_BROKEN: 'RecordBroken',
} as const;

export type FrameErrorCode = keyof typeof frameErrorTable;

/** A `CodedError`, and whether anything read after it can still be trusted. */
export interface FrameError {
  readonly code: FrameErrorCode;
  readonly reason: string;
  readonly message: string;
  /** Byte offset in the stream. */
  readonly place: string;
  readonly isFatal: boolean;
}

export const frameError = (
  code: FrameErrorCode,
  message: string,
  streamOffset: number,
  isFatal = false,
): FrameError => ({
  code,
  reason: frameErrorTable[code],
  message,
  place: `byte ${streamOffset}`,
  isFatal,
});
