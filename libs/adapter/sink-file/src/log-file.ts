/**
 * One file that lines are appended to.
 *
 *  1. A batch is in the file whole or not at all: a write that fails is cut off again.
 *  2. Every line begins at the beginning of a line: what a crash left unfinished is ended first.
 *  3. The file under the path is the one that is written: when something else moved, removed or replaced it, the path is
 *     opened anew.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export interface LogFile {
  readonly size: number;
  /** When the file came to be, Unix milliseconds. */
  readonly bornMs: number;
  append(text: string, isSynced: boolean): Promise<void>;
  /** Whether the path still leads to this file. */
  isInPlace(): Promise<boolean>;
  close(): Promise<void>;
}

const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export async function openLogFile(path: string, mode: number): Promise<LogFile> {
  const handle = await open(path, flags, mode);
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new Error(`${path} is not a regular file`);
    let size = info.size;
    let isTorn = size > 0 && !(await endsWithLineBreak(handle, size));
    return {
      get size() {
        return size;
      },
      // A file system that does not keep the time of birth says 0.
      bornMs: info.birthtimeMs > 0 ? info.birthtimeMs : info.mtimeMs,
      append: async (text, isSynced) => {
        const before = (await handle.stat()).size;
        const bytes = Buffer.from(isTorn && before > 0 ? `\n${text}` : text);
        try {
          await writeAll(handle, bytes);
          if (isSynced) await handle.datasync();
        } catch (cause) {
          isTorn = !(await handle.truncate(before).then(
            () => true,
            () => false,
          ));
          throw cause;
        }
        isTorn = false;
        size = before + bytes.length;
      },
      isInPlace: async () => {
        const there = await stat(path).catch(() => undefined);
        return there !== undefined && there.ino === info.ino && there.dev === info.dev;
      },
      close: () => handle.close(),
    };
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
}

async function endsWithLineBreak(handle: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}
