import { createReadStream } from 'node:fs';
import { defaultLimits, parsePolicies, type Policy } from '@kubearmor-ts/policy';
import { findFiles } from '../lint/find-files.ts';

export interface LoadedPolicies {
  readonly policies: readonly Policy[];
  /** One line each: what could not be read or is no valid policy. */
  readonly problems: readonly string[];
}

/** All policies of files and directories. What is wrong with one does not keep the others out. */
export async function loadPolicies(paths: readonly string[]): Promise<LoadedPolicies> {
  const policies: Policy[] = [];
  const problems: string[] = [];
  for (const found of await findFiles(paths)) {
    if (found.kind === 'unreadable') {
      problems.push(`${found.path}: ${found.problem}`);
      continue;
    }
    const file = found.kind === 'stdin' ? '<stdin>' : found.path;
    const text = await readBounded(
      found.kind === 'stdin' ? process.stdin : createReadStream(found.path, { end: defaultLimits.maxBytes }),
    );
    if (typeof text === 'string') {
      problems.push(`${file}: ${text}`);
      continue;
    }
    for (const { result } of parsePolicies(text, { file, strictness: 'lenient' })) {
      if (result.ok) policies.push(result.value);
      else if (result.error.code !== 'KA_POLICY_OTHER_KIND') {
        const { place, object, message, code } = result.error;
        problems.push(`${place ?? file}: ${object === undefined ? '' : `${object}: `}${message} [${code}]`);
      }
    }
  }
  return { policies, problems };
}

/** The parser refuses what is longer than its limit, so nothing beyond one byte more is read. */
async function readBounded(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array | string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > defaultLimits.maxBytes) break;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return Buffer.concat(chunks);
}
