import { appendFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Output } from './watch-events.ts';

/** `none`, `stdout` or the path of a file to append to; a file is opened anew for each event, so it may be rotated. */
export function openOutput(target: string, stdout: Writable): Output | undefined {
  if (target === 'none') return undefined;
  if (target !== 'stdout') return (text) => appendFile(target, `${text}\n`, { mode: 0o644 });
  return async (text) => {
    if (stdout.write(`${text}\n`)) return;
    await new Promise<void>((resolve) => stdout.once('drain', resolve));
  };
}
