import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { fault, isRecord, statusFault } from './errors.ts';
import type { KubeFault } from './errors.ts';
import { isKubeObject } from './kube-object.ts';
import type { KubeObject } from './kube-object.ts';

export type WatchLine =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly object: KubeObject;
      readonly resourceVersion: string;
    }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/**
 * Splits a body into lines. Throws when a line is longer than `maxLineBytes`: what does not end is no line. An
 * unfinished last line is dropped, as a cut connection leaves one.
 */
export async function* lines(body: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of body) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, end);
      from = end + 1;
      const text = Buffer.concat([...rest, piece]).toString('utf8');
      rest = [];
      restBytes = 0;
      if (text !== '') yield text;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
    }
    if (restBytes > maxLineBytes) throw new Error(`a line is longer than ${maxLineBytes} bytes`);
  }
}

/** One line of a watch. An ERROR event becomes the fault it tells of, 410 among them. */
export function parseWatchLine(text: string, object: string): Result<WatchLine, KubeFault> {
  const malformed = (what: string): Result<WatchLine, KubeFault> =>
    fail(fault('KA_KUBE_MALFORMED', `${object}: a watch event ${what}`, { object }));
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return malformed('is not JSON');
  }
  if (!isRecord(event) || !isRecord(event['object'])) return malformed('has no object');
  const { type, object: subject } = event;
  if (type === 'ERROR') return fail(statusFault(object, Number(subject['code'] ?? 500), subject, undefined));
  const metadata = isRecord(subject['metadata']) ? subject['metadata'] : {};
  const resourceVersion = metadata['resourceVersion'];
  if (typeof resourceVersion !== 'string' || resourceVersion === '')
    return malformed('has no resourceVersion');
  if (type === 'BOOKMARK') return ok({ type, resourceVersion });
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED')
    return malformed(`has the unknown type ${JSON.stringify(type)?.slice(0, 40)}`);
  return isKubeObject(subject)
    ? ok({ type, object: subject, resourceVersion })
    : malformed('names no object');
}
