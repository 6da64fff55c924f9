/** Protobuf bytes, written once from front to back into memory that grows; lengths are minimal. */
export class ProtoWriter {
  private bytes: Buffer;
  private at = 0;

  constructor(expectedBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(expectedBytes, 1024));
  }

  get length(): number {
    return this.at;
  }

  /** Shares the writer's memory. */
  written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** From 0 to 2^53. */
  varint(value: number): void {
    this.ensure(8);
    this.at = putVarint(this.bytes, this.at, value);
  }

  /** Of one byte, as all tags below 16 are. */
  tag(tag: number): void {
    this.ensure(1);
    this.bytes[this.at++] = tag;
  }

  fixed64(value: bigint): void {
    this.ensure(8);
    this.bytes.writeBigUInt64LE(value, this.at);
    this.at += 8;
  }

  double(value: number): void {
    this.ensure(8);
    this.bytes.writeDoubleLE(value, this.at);
    this.at += 8;
  }

  /** An int64 below 0 always takes ten bytes. */
  int64(value: number): void {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    this.ensure(10);
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      const low = Number(rest & 127n);
      this.bytes[this.at++] = rest < 128n ? low : low | 128;
      if (rest < 128n) return;
    }
  }

  /** A text of which the length is known, without that length. */
  text(text: string, byteLength: number): void {
    this.ensure(byteLength);
    if (byteLength !== text.length) this.bytes.write(text, this.at, byteLength, 'utf8');
    else if (byteLength > longText) this.bytes.write(text, this.at, byteLength, 'latin1');
    else for (let place = 0; place < byteLength; place++) this.bytes[this.at + place] = text.charCodeAt(place);
    this.at += byteLength;
  }

  /** Begins what is told its length when it is closed. */
  open(): number {
    this.ensure(expectedLengthBytes);
    this.at += expectedLengthBytes;
    return this.at;
  }

  close(from: number): void {
    const length = this.at - from;
    const more = varintSize(length) - expectedLengthBytes;
    if (more !== 0) {
      this.ensure(Math.max(more, 0));
      this.bytes.copyWithin(from + more, from, this.at);
      this.at += more;
    }
    putVarint(this.bytes, from - expectedLengthBytes, length);
  }

  private ensure(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + more));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}

/** Most of what is opened has between 128 and 16,383 bytes; else it is moved by the difference. */
const expectedLengthBytes = 2;

/** From here on the runtime's own copy is faster than a loop. */
const longText = 48;

/** Of a text in UTF-8; half a surrogate pair counts as the replacement character that is written for it. */
export function utf8Length(text: string): number {
  if (text.length > longText) return Buffer.byteLength(text);
  for (let place = 0; place < text.length; place++)
    if (text.charCodeAt(place) > 127) return Buffer.byteLength(text);
  return text.length;
}

export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  let size = 3;
  for (let rest = Math.floor(value / 0x20_0000); rest > 0; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

function putVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7fff_ffff) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
