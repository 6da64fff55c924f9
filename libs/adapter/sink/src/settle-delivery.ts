import type { Delivery, RejectedRecord, SinkRecord } from './sink.ts';

/** A batch after one delivery, every record of it in exactly one place. */
export interface Settled {
  readonly delivered: number;
  readonly rejected: readonly { readonly record: SinkRecord; readonly reason: string }[];
  /** Rejected too, but the receiver did not say which records they are. */
  readonly unnamed: number;
  /** Still to be tried, in order. */
  readonly left: readonly SinkRecord[];
}

/**
 * Reads a receiver's answer about a batch. Places that are not in the batch, and a place named twice, mean nothing: an
 * answer cannot make a record count twice.
 */
export function settleDelivery(batch: readonly SinkRecord[], delivery: Delivery): Settled {
  if (delivery.kind === 'refused') {
    const { reason } = delivery;
    return { delivered: 0, rejected: batch.map((record) => ({ record, reason })), unnamed: 0, left: [] };
  }
  const reasons = reasonsByIndex(delivery.rejected ?? []);
  const isLeft =
    delivery.kind === 'delivered' ? () => false : isAmong(delivery.indexes ?? batch.map((_, index) => index));
  const rejected: { record: SinkRecord; reason: string }[] = [];
  const left: SinkRecord[] = [];
  let delivered = 0;
  batch.forEach((record, index) => {
    const reason = reasons.get(index);
    if (reason !== undefined) rejected.push({ record, reason });
    else if (isLeft(index)) left.push(record);
    else delivered += 1;
  });
  const claimed = delivery.kind === 'delivered' ? Math.floor(delivery.unnamed?.count ?? 0) : 0;
  const unnamed = Math.min(delivered, Math.max(0, claimed));
  return { delivered: delivered - unnamed, rejected, unnamed, left };
}

const reasonsByIndex = (rejected: readonly RejectedRecord[]): ReadonlyMap<number, string> =>
  new Map(rejected.map(({ index, reason }) => [index, reason]));

function isAmong(indexes: readonly number[]): (index: number) => boolean {
  const set = new Set(indexes);
  return (index) => set.has(index);
}
