import { readFile, stat } from 'node:fs/promises';
import { formatPlace, parsePolicies, policyTitle } from '@kubearmor-ts/policy';
import type { Policy } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import type { PolicyFile } from './policy-store.ts';

/** Tells two readings of a path apart without reading it. */
export interface FileStamp {
  readonly writtenNs: bigint;
  readonly sizeBytes: bigint;
  readonly inode: bigint;
}

export type PolicyParser = (
  path: string,
  bytes: Uint8Array,
  writtenNs: bigint,
) => PolicyFile | Promise<PolicyFile>;

/** Ten times what an API server stores of one object, and what one gRPC message holds; parsing more takes many seconds. */
export const FILE_BYTES_MAX = 4 << 20;

/** Kept of one file. */
const WARNINGS_MAX = 200;

/** Undefined for what is no regular file (after following links): a FIFO must not stop the agent. */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  if (info === undefined || !info.isFile()) return undefined;
  return { writtenNs: info.mtimeNs, sizeBytes: info.size, inode: info.ino };
}

export const sameStamp = (a: FileStamp, b: FileStamp): boolean =>
  a.writtenNs === b.writtenNs && a.sizeBytes === b.sizeBytes && a.inode === b.inode;

/** Reads a file that was just looked at; whatever is wrong with it becomes an error in the result. */
export async function readPolicyFile(
  path: string,
  stamp: FileStamp,
  parse: PolicyParser = parsePolicyFile,
): Promise<PolicyFile> {
  if (stamp.sizeBytes > BigInt(FILE_BYTES_MAX)) {
    return broken(path, stamp, {
      code: 'KA_POLICY_TOO_LARGE',
      reason: 'InputTooLarge',
      message: `the file has ${stamp.sizeBytes} bytes, the limit is ${FILE_BYTES_MAX}`,
      object: path,
      place: `${path}:1:1`,
    });
  }
  try {
    return await parse(path, await readFile(path), stamp.writtenNs);
  } catch (cause) {
    return broken(path, stamp, {
      code: 'KA_AGENT_POLICY_UNREADABLE',
      reason: 'FileUnreadable',
      message: `the file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      object: path,
      place: path,
    });
  }
}

export function parsePolicyFile(path: string, bytes: Uint8Array, writtenNs: bigint): PolicyFile {
  const policies: Policy[] = [];
  const errors: CodedError[] = [];
  const warned: CodedError[] = [];
  for (const { result, place, warnings } of parsePolicies(bytes, { file: path, strictness: 'lenient' })) {
    if (result.ok) {
      policies.push(result.value);
      for (const { code, reason, message, path: field, place: where } of warnings)
        warned.push({
          code,
          reason,
          message: `${field}: ${message}`,
          object: policyTitle(result.value.id),
          place: formatPlace(where ?? place),
        });
      continue;
    }
    /* Other Kubernetes objects may lie in the directory: they are none of ours. */
    if (result.error.code === 'KA_POLICY_OTHER_KIND') continue;
    errors.push(toComplaint(result.error, path, formatPlace(place)));
  }
  return { path, policies, errors, warnings: warned.slice(0, WARNINGS_MAX), writtenNs };
}

const broken = (path: string, stamp: FileStamp, error: CodedError): PolicyFile => ({
  path,
  policies: [],
  errors: [error],
  writtenNs: stamp.writtenNs,
});

/** The error of a document without the list of all its findings, which belongs to linters. */
export function toComplaint(error: CodedError, object: string, place?: string): CodedError {
  const where = error.place ?? place;
  return {
    code: error.code,
    reason: error.reason,
    message: error.message,
    object: error.object ?? object,
    ...(where === undefined ? {} : { place: where }),
  };
}
