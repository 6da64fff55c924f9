import { BinaryReader } from '@bufbuild/protobuf/wire';

/** Longer waits than this are not believed. */
const longestMs = 10 * 60_000;

/**
 * The delay of a google.rpc.RetryInfo inside `grpc-status-details-bin`:
 * Status{details=3 Any{type_url=1, value=2 RetryInfo{retry_delay=1 Duration{seconds=1, nanos=2}}}}.
 */
export function retryInfoDelay(details: Uint8Array): number | undefined {
  try {
    for (const any of fieldsOf(details, 3)) {
      const [type] = fieldsOf(any, 1);
      if (type === undefined || !new TextDecoder().decode(type).endsWith('/google.rpc.RetryInfo')) continue;
      const [info] = fieldsOf(any, 2);
      const [duration] = info === undefined ? [] : fieldsOf(info, 1);
      return duration === undefined ? 0 : durationMs(duration);
    }
  } catch {
    // Garbage where a hint could have been is no hint.
  }
  return undefined;
}

function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === wanted && wire === 2) found.push(reader.bytes());
    else reader.skip(wire, field);
  }
  return found;
}

function durationMs(duration: Uint8Array): number {
  let ms = 0;
  const reader = new BinaryReader(duration);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === 0) ms += Number(reader.int64()) * 1000;
    else if (field === 2 && wire === 0) ms += reader.int32() / 1e6;
    else reader.skip(wire, field);
  }
  return Math.min(longestMs, Math.max(0, ms));
}
