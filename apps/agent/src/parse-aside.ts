import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { PolicyFile } from './policy-store.ts';
import { parsePolicyFile } from './read-policy-file.ts';
import type { PolicyParser } from './read-policy-file.ts';

/** Smaller files are parsed faster than a thread starts. */
const ASIDE_BYTES = 128 << 10;
const HEAP_MIB = 768;

interface Task {
  readonly parsePolicyFile: { readonly path: string; readonly bytes: Uint8Array; readonly writtenNs: bigint };
}

/**
 * Parses large files in a thread of their own: events and new containers do not wait for them, and a file that takes
 * too much memory costs that thread only. `entry` is a module that calls `serveParsing` when it is not the main thread.
 */
export const parseAside =
  (entry: URL): PolicyParser =>
  (path, bytes, writtenNs) =>
    bytes.length < ASIDE_BYTES
      ? parsePolicyFile(path, bytes, writtenNs)
      : inThread(entry, { path, bytes, writtenNs });

function inThread(entry: URL, task: Task['parsePolicyFile']): Promise<PolicyFile> {
  return new Promise((resolve) => {
    const refuse = (message: string): void =>
      resolve({
        path: task.path,
        policies: [],
        errors: [
          {
            code: 'KA_AGENT_POLICY_PARSER',
            reason: 'ParserFailed',
            message,
            object: task.path,
            place: `${task.path}:1:1`,
          },
        ],
        writtenNs: task.writtenNs,
      });
    const worker = new Worker(entry, {
      workerData: { parsePolicyFile: task } satisfies Task,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.once('message', (file: PolicyFile) => resolve(file));
    worker.once('error', (cause: Error) => refuse(`the file cannot be parsed: ${cause.message}`));
    worker.once('exit', () => refuse('the file cannot be parsed: its parser ended early'));
  });
}

/** True when this is a parser's thread, which then does its one task and ends. */
export function serveParsing(): boolean {
  const task = (workerData as Partial<Task> | null)?.parsePolicyFile;
  if (isMainThread || task === undefined) return false;
  parentPort?.postMessage(parsePolicyFile(task.path, task.bytes, task.writtenNs));
  return true;
}
