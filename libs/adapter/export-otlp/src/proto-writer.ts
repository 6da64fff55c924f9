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

  /** A text with its length before it, and before that the length of both and a tag: what holds just one text. */
  wrappedText(tag: number, text: string): void {
    const most = text.length * 3;
    this.ensure(most + 16);
    // Nearly every text has as many bytes as characters: then it stands where it belongs at once.
    const head = 1 + varintSize(text.length);
    const from = this.at + varintSize(head + text.length) + head;
    const length = writeText(this.bytes, from, text, most);
    const trueHead = 1 + varintSize(length);
    const to = this.at + varintSize(trueHead + length) + trueHead;
    if (to !== from) this.bytes.copyWithin(to, from, from + length);
    let at = putVarint(this.bytes, this.at, trueHead + length);
    this.bytes[at++] = tag;
    putVarint(this.bytes, at, length);
    this.at = to + length;
  }

  /** A text with its length before it. */
  text(text: string): void {
    const most = text.length * 3;
    this.ensure(most + 8);
    const from = this.at + varintSize(text.length);
    const length = writeText(this.bytes, from, text, most);
    const to = this.at + varintSize(length);
    if (to !== from) this.bytes.copyWithin(to, from, from + length);
    putVarint(this.bytes, this.at, length);
    this.at = to + length;
  }

  /** Begins what is told its length when it is closed, as a number of so many bytes, if all goes as expected. */
  open(lengthBytes = 2): number {
    this.ensure(lengthBytes);
    this.at += lengthBytes;
    return this.at;
  }

  /** What was longer or shorter is moved by the difference. */
  close(from: number, lengthBytes = 2): void {
    const length = this.at - from;
    const more = varintSize(length) - lengthBytes;
    if (more !== 0) {
      this.ensure(Math.max(more, 0));
      this.bytes.copyWithin(from + more, from, this.at);
      this.at += more;
    }
    putVarint(this.bytes, from - lengthBytes, length);
  }

  private ensure(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + more));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}

/** Up to here a loop is faster than a call of the runtime. */
const shortText = 12;

/** How many bytes it took; half a surrogate pair becomes the replacement character. There is room for `most`. */
function writeText(bytes: Buffer, at: number, text: string, most: number): number {
  if (text.length > shortText) return bytes.write(text, at, most, 'utf8');
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code > 127) return bytes.write(text, at, most, 'utf8');
    bytes[at + place] = code;
  }
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
