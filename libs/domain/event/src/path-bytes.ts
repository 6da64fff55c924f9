/**
 * A path is bytes, a protobuf string is UTF-8. What is not UTF-8 is left out of the string, as existing agents do;
 * `escapeInvalidUtf8` keeps the exact bytes for those paths that lost some.
 */
export function toValidUtf8(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes.isWellFormed() ? bytes : bytes.replace(/\p{Surrogate}/gu, '');
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return decodeDroppingInvalid(bytes);
  }
}

/** Not changing a byte order mark is part of being exact. */
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeDroppingInvalid(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = validSequenceLength(bytes, at);
    if (length > 0) text += strictDecoder.decode(bytes.subarray(at, at + length));
    at += length > 0 ? length : 1;
  }
  return text;
}

/** Length of the well-formed sequence at `at` (Unicode table 3-7), 0 when there is none. */
function validSequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const low = lead === 0xe0 ? 0xa0 : 0x80;
    const high = lead === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isTail(bytes[at + 2] ?? 0) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const low = lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high && isTail(bytes[at + 2] ?? 0) && isTail(bytes[at + 3] ?? 0)
      ? 4
      : 0;
  }
  return 0;
}

const isTail = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Every byte survives: invalid ones as `\xNN`, a backslash doubled. Undefined when the bytes are UTF-8 as they are. */
export function escapeInvalidUtf8(bytes: Uint8Array | string): string | undefined {
  if (typeof bytes === 'string') return undefined;
  let text = '';
  let escaped = false;
  let at = 0;
  while (at < bytes.length) {
    const length = validSequenceLength(bytes, at);
    if (length === 0) {
      text += `\\x${bytes[at]!.toString(16).padStart(2, '0')}`;
      escaped = true;
      at += 1;
      continue;
    }
    text += bytes[at] === 0x5c ? '\\\\' : strictDecoder.decode(bytes.subarray(at, at + length));
    at += length;
  }
  return escaped ? text : undefined;
}
