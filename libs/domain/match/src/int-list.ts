/** A growing list of 32-bit integers without an object per element. */
export class IntList {
  items: Int32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 64) {
    this.items = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.items.length) this.reserve(this.length + 1);
    this.items[this.length++] = value;
  }

  reserve(length: number): void {
    if (length <= this.items.length) return;
    const grown = new Int32Array(Math.max(length, this.items.length * 2));
    grown.set(this.items);
    this.items = grown;
  }

  toArray(): Int32Array<ArrayBuffer> {
    return this.items.slice(0, this.length);
  }
}
