/**
 * One Server-Sent-Events client.
 *
 *   subscribe ──► (resume: pages of the store until its end) ──► live ──► closed by client, server or stall
 *
 *  1. The subscription begins before the store is asked: what happens in between waits in the subscription, and what
 *     the store has told already is skipped by its number.
 *  2. `write` is not called again before `drain`; a client that takes nothing for `stallMs` is closed.
 *  3. What is gone is said as an event `missed` with a count, before what comes after it.
 */
import type { ServerResponse } from 'node:http';
import { eventTimeMs } from '@kubearmor-ts/behaviour';
import type { Clock } from '@kubearmor-ts/life';
import { toApiError } from './errors.ts';
import type { EventFilter, EventReader } from './event-reader.ts';
import { eventMatches } from './event-matches.ts';
import { eventText, rowText } from './event-text.ts';
import type { LiveEvents } from './live-events.ts';

export interface StreamDeps {
  readonly reader: EventReader;
  readonly live: LiveEvents;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  readonly onSent: () => void;
}

const replayPage = 500;

export async function streamEvents(
  deps: StreamDeps,
  filter: EventFilter,
  after: number | undefined,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const subscription = deps.live.subscribe(({ kind, event }) => eventMatches(filter, kind, event));
  const writer = new Writer(deps, response, signal);
  try {
    // Tells proxies and clients that the stream is there, however long the first event takes.
    await writer.write(`retry: 2000\n: ${String(deps.reader.lastSeq)}\n\n`);
    let toldSeq = after === undefined ? 0 : await replay(deps, filter, after, writer);
    while (!writer.isClosed) {
      const next = subscription.take();
      if (next === undefined) {
        const turn = new AbortController();
        const either = AbortSignal.any([writer.closed, turn.signal]);
        await Promise.race([subscription.wait(either), deps.clock.sleep(deps.heartbeatMs, either)]);
        turn.abort();
        if (!writer.isClosed && !subscription.hasItems()) await writer.write(': alive\n\n');
        continue;
      }
      const { live, missed } = next;
      if (missed > 0) await writer.write(missedText(missed, 'slow'));
      if (live.seq <= toldSeq) continue;
      toldSeq = live.seq;
      const timeMs = eventTimeMs(live.event);
      await writer.write(
        messageText(live.seq, eventText(live.kind, live.seq, 1, timeMs, timeMs, live.event)),
      );
      deps.onSent();
    }
  } finally {
    subscription.close();
    writer.end();
  }
}

/** Gives the number up to which the client has been told. */
async function replay(deps: StreamDeps, filter: EventFilter, after: number, writer: Writer): Promise<number> {
  let from = after;
  for (let isFirst = true; !writer.isClosed; isFirst = false) {
    let page;
    try {
      page = await deps.reader.events({ ...filter, afterSeq: from, limit: replayPage });
    } catch (failure) {
      const { code, message } = toApiError(failure);
      await writer.write(`event: failed\ndata: ${JSON.stringify({ code, message })}\n\n`);
      return deps.reader.lastSeq;
    }
    // An id this store never gave: the store was begun anew, and what was missed cannot be known.
    if (after > deps.reader.lastSeq) {
      await writer.write('event: missed\ndata: {"reason":"unknown"}\n\n');
      return 0;
    }
    const gone = page.oldestSeq - 1 - after;
    if (isFirst && gone > 0) await writer.write(missedText(gone, 'retired'));
    for (const row of page.events) {
      await writer.write(messageText(row.lastSeq, rowText(row)));
      deps.onSent();
    }
    if (page.next === undefined) return Math.max(page.lastSeq, from);
    from = page.next;
  }
  return from;
}

const messageText = (id: number, data: string): string =>
  `id: ${String(id)}\nevent: event\ndata: ${data}\n\n`;

const missedText = (count: number, reason: 'slow' | 'retired'): string =>
  `event: missed\ndata: ${JSON.stringify({ count, reason })}\n\n`;

class Writer {
  readonly closed: AbortSignal;
  private readonly deps: StreamDeps;
  private readonly response: ServerResponse;
  private readonly gone = new AbortController();

  constructor(deps: StreamDeps, response: ServerResponse, signal: AbortSignal) {
    this.deps = deps;
    this.response = response;
    this.closed = AbortSignal.any([signal, this.gone.signal]);
    response.on('close', () => this.gone.abort());
    response.on('error', () => this.gone.abort());
  }

  get isClosed(): boolean {
    return this.closed.aborted;
  }

  async write(text: string): Promise<void> {
    if (this.isClosed || this.response.write(text)) return;
    const drained = new AbortController();
    const onDrain = (): void => drained.abort();
    this.response.once('drain', onDrain);
    await this.deps.clock.sleep(this.deps.stallMs, AbortSignal.any([this.closed, drained.signal]));
    this.response.off('drain', onDrain);
    if (!drained.signal.aborted) this.gone.abort();
  }

  /** A client that does not read would keep an orderly end waiting. */
  end(): void {
    if (this.response.writableNeedDrain) this.response.destroy();
    else this.response.end();
  }
}
