import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';

export interface OciSpec {
  readonly cgroupsPath: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Reads the two things needed of an OCI runtime spec; members of a wrong type are as good as absent. */
export function parseOciSpec(json: string, container: string): Result<OciSpec> {
  const parsed = parseJsonRecord(json);
  if (parsed === undefined) {
    return fail({
      code: 'KA_CRI_SPEC_UNREADABLE',
      reason: 'SpecUnreadable',
      message: 'the runtime spec of the container is not a JSON object',
      object: container,
    });
  }
  const cgroupsPath = asRecord(parsed['linux'])?.['cgroupsPath'];
  return ok({
    cgroupsPath: typeof cgroupsPath === 'string' ? cgroupsPath : '',
    annotations: asStrings(parsed['annotations']),
  });
}

export function parseJsonRecord(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asRecord(JSON.parse(json));
  } catch {
    return undefined;
  }
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

export function asStrings(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(asRecord(value) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
