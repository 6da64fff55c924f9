// The generated files hold nothing that is not public.
export * from './generated/codec.ts';
export * from './generated/layout.ts';
export { frameErrorTable } from './errors.ts';
export type { FrameError, FrameErrorCode } from './errors.ts';
export { decodeEventFrame } from './event-frame.ts';
export type { EventFrame } from './event-frame.ts';
export { encodeBareFrame, encodeEventFrame } from './frame-writer.ts';
export { FrameReader } from './frame.ts';
export type { Frame, FrameSink } from './frame.ts';
