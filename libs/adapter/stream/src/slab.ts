const SLAB_BYTES = 256 << 10;

/**
 * Keeps encoded messages side by side in large blocks. A block of its own for every message costs the allocator and
 * the garbage collector more than the message, as subscribers' rings hold thousands of them for a while. A block lives
 * as long as one message in it.
 */
export class Slab {
  private block = Buffer.alloc(0);
  private used = 0;

  /** A copy; a message too large for a block is taken as it is. */
  keep(bytes: Uint8Array): Buffer {
    if (bytes.length > SLAB_BYTES / 4) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.used + bytes.length > this.block.length) {
      this.block = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.used = 0;
    }
    const from = this.used;
    this.used += bytes.length;
    this.block.set(bytes, from);
    return this.block.subarray(from, this.used);
  }
}
