import type { Place } from './rule.ts';

/** Turns offsets in a text into lines and columns, both from 1. */
export interface LineIndex {
  placeAt(offset: number): Place;
}

export function createLineIndex(text: string, file?: string): LineIndex {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const named = file === undefined ? {} : { file };
  return {
    placeAt(offset) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      return { ...named, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
    },
  };
}
