import type { OutcomeRows, RowId, StateId, StateTable } from '@kubearmor-ts/match';

/**
 * States from which, after at least one more byte, an outcome that `blocks` can be met. Renaming a directory carries
 * everything below it to other states, so a rename is judged by this and not by the directory's own outcome alone.
 */
export function statesAboveBlocks(
  states: StateTable,
  begin: StateId,
  end: StateId,
  blocks: (row: RowId) => boolean,
): Uint8Array {
  const size = end - begin;
  const heads = new Int32Array(size).fill(-1);
  const edgesFrom = states.edgeBegin.items;
  const links: { next: Int32Array; source: Int32Array } = {
    next: new Int32Array(0),
    source: new Int32Array(0),
  };
  let total = size;
  for (let s = begin; s < end; s++) total += states.edgeCount.items[s]!;
  links.next = new Int32Array(total);
  links.source = new Int32Array(total);
  let used = 0;
  const link = (source: StateId, target: StateId): void => {
    links.source[used] = source;
    links.next[used] = heads[target - begin]!;
    heads[target - begin] = used++;
  };
  for (let s = begin; s < end; s++) {
    link(s, states.fallback.items[s]!);
    const from = edgesFrom[s]!;
    for (let e = from; e < from + states.edgeCount.items[s]!; e++) link(s, states.edgeTarget.items[e]!);
  }
  const above = new Uint8Array(size);
  const queue: StateId[] = [];
  const spread = (target: StateId): void => {
    for (let at = heads[target - begin]!; at >= 0; at = links.next[at]!) {
      const source = links.source[at]!;
      if (above[source - begin] === 1) continue;
      above[source - begin] = 1;
      queue.push(source);
    }
  };
  for (let s = begin; s < end; s++) if (blocks(states.row.items[s]!)) spread(s);
  while (queue.length > 0) spread(queue.pop()!);
  return above;
}

/** For each row whether some cell satisfies `cell(decide)`. */
export function rowsWith(rows: OutcomeRows, cell: (decide: number) => boolean): (row: RowId) => boolean {
  const known = new Int8Array(rows.length).fill(-1);
  return (row) => {
    if (known[row] === -1)
      known[row] = rows.row(row).some((decide, i) => i % 2 === 0 && cell(decide)) ? 1 : 0;
    return known[row] === 1;
  };
}
