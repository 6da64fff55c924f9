import { closeSync, createWriteStream, fstatSync, openSync, readSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { toFormB } from '@kubearmor-ts/event';
import { BoundedQueue } from '@kubearmor-ts/flow';
import type { Service } from '@kubearmor-ts/life';
import type { Alert, Log } from '@kubearmor-ts/proto';
import type { CodedError } from '@kubearmor-ts/result';

const QUEUE_LINES = 10_000;
/** Also bounds what an agent that is killed has written and not said to be written: one write is under way at a time. */
const LINES_PER_WRITE = 256;
const CLOSE_MS = 3000;

/** Events as JSON lines in a file or on stdout. A reader that is too slow loses the oldest lines, counted. */
export class AlertLines implements Service {
  readonly name: string;
  readonly #path: string;
  readonly #onError: (error: CodedError) => void;
  readonly #queue = new BoundedQueue<string>(QUEUE_LINES, 'drop-oldest');
  #stream: WriteStream | NodeJS.WriteStream | undefined;
  #isPumpDue = false;
  /** Lines are numbered as they are pushed; a number is settled when its line is in the file or was dropped. */
  #settledThrough = 0;
  #writes = 0;
  readonly #waiting: { readonly through: number; readonly done: () => void }[] = [];
  #failed = 0;
  written = 0;

  constructor(path: string, onError: (error: CodedError) => void) {
    this.name = `event lines to ${path}`;
    this.#path = path;
    this.#onError = onError;
  }

  get dropped(): number {
    return this.#queue.counts.dropped + this.#failed;
  }

  start(): Promise<void> {
    const stream =
      this.#path === 'stdout' ? process.stdout : createWriteStream(this.#path, { flags: 'a', mode: 0o640 });
    /* Whoever wrote here before us may have been killed in the middle of a line. */
    if (stream !== process.stdout && endsInsideLine(this.#path)) stream.write('\n');
    stream.on('error', (cause: Error) => {
      this.#stream = undefined;
      this.#onError({
        code: 'KA_AGENT_LOG_FILE',
        reason: 'EventFileUnwritable',
        message: `events cannot be written any more: ${cause.message}`,
        object: this.#path,
        cause,
      });
    });
    this.#stream = stream;
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    while (this.#stream !== undefined && this.#queue.size > 0) this.#writeSome(this.#stream);
    const stream = this.#stream;
    if (stream === undefined || stream === process.stdout) return;
    await soon(new Promise<void>((resolve) => stream.end(() => resolve())));
  }

  write(event: Alert | Log): void {
    this.#queue.push(toFormB(event));
    if (this.#queue.size >= LINES_PER_WRITE) this.#pump();
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    /* The events of one read go out in one write, shortly before they are said to be written. */
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
      this.#settle();
    });
  }

  /** Calls back once every event given so far has been handed to the operating system, or dropped and counted. */
  afterWritten(done: () => void): void {
    this.#waiting.push({ through: this.#queue.counts.pushed, done });
    this.#settle();
  }

  /** The same as a promise, for who is about to stop and cannot wait for ever. */
  flushed(): Promise<void> {
    if (this.#stream === undefined) return Promise.resolve();
    return soon(new Promise<void>((resolve) => this.afterWritten(resolve)));
  }

  get #firstQueued(): number {
    return this.#queue.counts.pushed - this.#queue.size;
  }

  #settle(): void {
    if (this.#writes === 0) this.#settledThrough = this.#firstQueued;
    while (this.#waiting[0] !== undefined && this.#waiting[0].through <= this.#settledThrough)
      this.#waiting.shift()?.done();
  }

  #pump(): void {
    if (this.#writes === 0 && this.#queue.size > 0 && this.#stream !== undefined)
      this.#writeSome(this.#stream);
  }

  #writeSome(stream: WriteStream | NodeJS.WriteStream): void {
    const lines = this.#queue.takeMany(LINES_PER_WRITE);
    const through = this.#firstQueued;
    this.#writes += 1;
    stream.write(`${lines.join('\n')}\n`, (failure) => {
      if (failure) this.#failed += lines.length;
      else this.written += lines.length;
      this.#writes -= 1;
      this.#settledThrough = through;
      this.#settle();
      this.#pump();
    });
  }
}

function soon(done: Promise<void>): Promise<void> {
  return Promise.race([done, new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
}

function endsInsideLine(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
  } finally {
    closeSync(file);
  }
}
