/** Access bits of a row's cells (owner, write, tty) and the two words of each cell, as the kernel lays them out. */
export const ROW_CELLS = 8;
export const ROW_WORDS = ROW_CELLS * 2;

/** Number of a row in an `OutcomeRows`; 0 is the row that says nothing. */
export type RowId = number;

/**
 * Every distinct outcome once. A row is 8 cells of (decide, audit); higher words come from rules of higher
 * precedence, so the outcome of several rules together is the greater word, cell by cell.
 */
export class OutcomeRows {
  private words = new Uint32Array(ROW_WORDS * 64);
  private count = 1;
  private slots = new Int32Array(256).fill(0);
  private readonly merged = new Map<number, RowId>();
  private readonly scratch = new Uint32Array(ROW_WORDS);

  get length(): number {
    return this.count;
  }

  /** The 16 words of a row: decide and audit of cell 0, of cell 1, … */
  row(id: RowId): Uint32Array {
    return this.words.subarray(id * ROW_WORDS, (id + 1) * ROW_WORDS);
  }

  intern(row: Uint32Array): RowId {
    let hash = 0x811c9dc5;
    let any = 0;
    for (let i = 0; i < ROW_WORDS; i++) {
      const word = row[i]!;
      any |= word;
      hash = Math.imul(hash ^ word, 0x01000193);
      hash ^= hash >>> 15;
    }
    if (any === 0) return 0;
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.slots[slot]!;
      if (id === 0) break;
      if (this.equals(id, row)) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.append(row);
    this.slots[slot] = id;
    if (this.count * 2 > this.slots.length) this.rehash();
    return id;
  }

  merge(a: RowId, b: RowId): RowId {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const key = a < b ? a * 0x4000000 + b : b * 0x4000000 + a;
    const known = this.merged.get(key);
    if (known !== undefined) return known;
    for (let i = 0; i < ROW_WORDS; i++) {
      const x = this.words[a * ROW_WORDS + i]!;
      const y = this.words[b * ROW_WORDS + i]!;
      this.scratch[i] = x > y ? x : y;
    }
    const id = this.intern(this.scratch);
    this.merged.set(key, id);
    return id;
  }

  private equals(id: RowId, row: Uint32Array): boolean {
    const begin = id * ROW_WORDS;
    for (let i = 0; i < ROW_WORDS; i++) if (this.words[begin + i] !== row[i]) return false;
    return true;
  }

  private append(row: Uint32Array): RowId {
    if ((this.count + 1) * ROW_WORDS > this.words.length) {
      const grown = new Uint32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words.set(row, this.count * ROW_WORDS);
    return this.count++;
  }

  private rehash(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    const mask = this.slots.length - 1;
    for (let id = 1; id < this.count; id++) {
      let hash = 0x811c9dc5;
      for (let i = 0; i < ROW_WORDS; i++) {
        hash = Math.imul(hash ^ this.words[id * ROW_WORDS + i]!, 0x01000193);
        hash ^= hash >>> 15;
      }
      let slot = hash & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = id;
    }
  }
}
