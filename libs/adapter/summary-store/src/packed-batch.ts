import type { EventKind } from './protocol.ts';

export interface PackedEvent {
  readonly seq: number;
  readonly kind: EventKind;
  readonly receivedMs: number;
  readonly bytes: Uint8Array;
}

const headBytes = 21;

/**
 * Events as one buffer, which changes threads without a copy. Each is: seq f64, received f64, kind u8, length u32,
 * bytes; little-endian.
 */
export function packBatch(events: readonly PackedEvent[]): ArrayBuffer {
  const size = events.reduce((sum, { bytes }) => sum + headBytes + bytes.length, 0);
  const buffer = new ArrayBuffer(size);
  const view = new DataView(buffer);
  const all = new Uint8Array(buffer);
  let at = 0;
  for (const { seq, kind, receivedMs, bytes } of events) {
    view.setFloat64(at, seq, true);
    view.setFloat64(at + 8, receivedMs, true);
    view.setUint8(at + 16, kind === 'alerts' ? 0 : 1);
    view.setUint32(at + 17, bytes.length, true);
    all.set(bytes, at + headBytes);
    at += headBytes + bytes.length;
  }
  return buffer;
}

/** The bytes are views of the buffer. */
export function* unpackBatch(buffer: ArrayBuffer): Generator<PackedEvent> {
  const view = new DataView(buffer);
  let at = 0;
  while (at < buffer.byteLength) {
    const length = view.getUint32(at + 17, true);
    yield {
      seq: view.getFloat64(at, true),
      receivedMs: view.getFloat64(at + 8, true),
      kind: view.getUint8(at + 16) === 0 ? 'alerts' : 'logs',
      bytes: new Uint8Array(buffer, at + headBytes, length),
    };
    at += headBytes + length;
  }
}
