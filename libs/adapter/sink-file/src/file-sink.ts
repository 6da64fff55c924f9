/**
 * Events as lines of a file that is set aside by size and age.
 *
 *  1. Delivered means written whole, and with `fsync` on the disk; a write that failed leaves nothing behind.
 *  2. A file is set aside before the batch that would make it too long, so it is longer than `maxBytes` only when one
 *     batch is.
 *  3. Compressing and removing go on beside the writing, and their failures are counted, not waited for.
 */
import type { Clock } from '@kubearmor-ts/life';
import type { Sink } from '@kubearmor-ts/sink';
import { encodeLines } from './encode-lines.ts';
import type { FileConfig } from './file-config.ts';
import { openLogFile } from './log-file.ts';
import type { LogFile } from './log-file.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { compressAll, removeOldest, setAside } from './set-aside.ts';

export interface FileSinkOptions {
  readonly config: FileConfig;
  readonly clock: Clock;
}

export interface FileCounts {
  /** Lines of which something was cut so that they fit; one that is written again counts again. */
  readonly cut: number;
  readonly setAside: number;
  /** The path was opened anew because something else moved or removed the file. */
  readonly reopened: number;
  /** Compressing or removing files set aside did not work; it is tried again with the next one. */
  readonly tidyingFailed: number;
}

export interface FileSink extends Sink {
  counts(): Readonly<Record<keyof FileCounts, number>>;
}

export function createFileSink({ config, clock }: FileSinkOptions): FileSink {
  const writes = new OneAtATime(clock, config.timeoutMs);
  const counts = { cut: 0, setAside: 0, reopened: 0, tidyingFailed: 0 };
  let file: LogFile | undefined;
  let tidying: Promise<void> = Promise.resolve();

  async function close(): Promise<void> {
    const last = file;
    file = undefined;
    await last?.close();
  }

  async function current(bytes: number): Promise<LogFile> {
    if (file !== undefined && !(await file.isInPlace())) {
      counts.reopened += 1;
      await close();
    }
    file ??= await openLogFile(config.path, config.mode);
    if (!isDue(file, bytes)) return file;
    await close();
    await setAside(config.path, clock.wallNs());
    counts.setAside += 1;
    tidying = tidying.then(tidy);
    file = await openLogFile(config.path, config.mode);
    return file;
  }

  function isDue(open: LogFile, bytes: number): boolean {
    if (open.size === 0) return false;
    if (config.maxBytes !== 0 && open.size + bytes > config.maxBytes) return true;
    const ageMs = Number(clock.wallNs() / 1_000_000n) - open.bornMs;
    return config.maxAgeMinutes !== 0 && ageMs >= config.maxAgeMinutes * 60_000;
  }

  async function tidy(): Promise<void> {
    try {
      await removeOldest(config.path, config.keep);
      if (config.gzip) await compressAll(config.path, config.mode);
    } catch {
      counts.tidyingFailed += 1;
    }
  }

  async function append(text: string): Promise<void> {
    try {
      await (await current(Buffer.byteLength(text))).append(text, config.fsync);
    } catch (cause) {
      // Opened anew next time: permissions, a full disk or a directory that is gone may have changed by then.
      await close().catch(() => undefined);
      throw cause;
    }
  }

  return {
    type: 'file',
    target: config.path,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    counts: () => ({ ...counts }),
    deliver: async (batch, signal) => {
      const { text, rejected, cut } = encodeLines(batch, config);
      counts.cut += cut;
      const bad = new Set(rejected.map(({ index }) => index));
      try {
        if (text !== '') await writes.run(() => append(text), signal);
        return { kind: 'delivered', rejected };
      } catch (cause) {
        const indexes = [...batch.keys()].filter((index) => !bad.has(index));
        return {
          kind: 'retry',
          reason: cause instanceof Error ? cause.message : String(cause),
          indexes,
          rejected,
        };
      }
    },
    close: async () => {
      await writes.settle();
      await tidying;
      await close().catch(() => undefined);
    },
  };
}
