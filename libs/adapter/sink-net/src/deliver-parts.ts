import type { Delivery, RejectedRecord } from '@kubearmor-ts/sink';

/** What became of one request that carried a part of the batch. Indexes count within the part. */
export type PartAnswer =
  | { readonly kind: 'done'; readonly rejected?: readonly RejectedRecord[] }
  /** The receiver cannot take it now; `indexes` when only those of the part are still to be delivered. */
  | {
      readonly kind: 'again';
      readonly reason: string;
      readonly afterMs?: number;
      readonly indexes?: readonly number[];
      readonly rejected?: readonly RejectedRecord[];
    }
  /** Too large, or one record spoils it and the receiver does not say which: its halves are sent apart. */
  | { readonly kind: 'halve'; readonly reason: string };

/** A receiver that takes nothing at all is not asked a thousand times for one batch: the rest is a later try's. */
const mostHalvings = 64;

/**
 * Sends a batch as one or more requests, one after the other, and adds up what the receiver said. Stops at the first
 * part that has to wait, so that nothing overtakes it; what was not sent is still to be delivered. A part that is to
 * be halved and holds one record is that record's rejection.
 */
export async function deliverParts<T>(
  parts: readonly (readonly T[])[],
  send: (part: readonly T[]) => Promise<PartAnswer>,
  signal: AbortSignal,
): Promise<Delivery> {
  const rejected: RejectedRecord[] = [];
  const waiting: number[] = [];
  let reason: string | undefined;
  let afterMs: number | undefined;
  let halvings = 0;
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  // A stack whose top is the next part, with the place of its first record in the batch.
  const stack: { readonly items: readonly T[]; readonly first: number }[] = [];
  for (let at = parts.length - 1, end = total; at >= 0; at--) {
    const items = parts[at]!;
    end -= items.length;
    stack.push({ items, first: end });
  }
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    const { items, first } = part;
    if (items.length === 0) continue;
    if (reason === undefined && signal.aborted) reason = 'there was no time left for the rest of the batch';
    if (reason !== undefined) {
      waiting.push(...items.map((_, index) => first + index));
      continue;
    }
    const answer = await send(items);
    if (answer.kind === 'halve') {
      if (items.length === 1) {
        rejected.push({ index: first, reason: answer.reason });
        continue;
      }
      halvings += 1;
      if (halvings > mostHalvings) {
        ({ reason } = answer);
        waiting.push(...items.map((_, index) => first + index));
        continue;
      }
      const middle = items.length >> 1;
      stack.push(
        { items: items.slice(middle), first: first + middle },
        { items: items.slice(0, middle), first },
      );
      continue;
    }
    for (const record of answer.rejected ?? [])
      rejected.push({ index: first + record.index, reason: record.reason });
    if (answer.kind === 'again') {
      ({ reason, afterMs } = answer);
      waiting.push(...(answer.indexes ?? items.map((_, index) => index)).map((index) => first + index));
    }
  }
  if (reason === undefined) return { kind: 'delivered', rejected };
  return {
    kind: 'retry',
    reason,
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(waiting.length === total ? {} : { indexes: waiting }),
    ...(rejected.length === 0 ? {} : { rejected }),
  };
}

/** Cuts in order, so that no part is larger than `maxBytes` (but for a single record that is) or `maxItems`. */
export function partsBySize<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  limits: { readonly maxBytes: number; readonly maxItems: number },
): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let part: T[] = [];
  let size = 0;
  for (const item of items) {
    const bytes = sizeOf(item);
    if (part.length > 0 && (size + bytes > limits.maxBytes || part.length >= limits.maxItems)) {
      parts.push(part);
      part = [];
      size = 0;
    }
    part.push(item);
    size += bytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
