import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { isRecord } from './errors.ts';

export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource?: string;
  /** '' when the server makes it up. */
  readonly name: string;
  readonly namespace: string;
  readonly isDryRun: boolean;
  readonly user: string;
  readonly object: Readonly<Record<string, unknown>> | undefined;
  readonly oldObject: Readonly<Record<string, unknown>> | undefined;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export type AdmissionAnswer =
  | {
      readonly allowed: true;
      readonly patch?: readonly JsonPatchOperation[];
      /** Shown by kubectl. */
      readonly warnings?: readonly string[];
    }
  | {
      readonly allowed: false;
      readonly reason: string;
      readonly message: string;
      readonly warnings?: readonly string[];
    };

const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;

/** Reads an `AdmissionReview` of admission.k8s.io/v1; the error says what is wrong with it. */
export function parseAdmissionReview(text: string): Result<AdmissionRequest, string> {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    return fail('the body is not JSON');
  }
  if (!isRecord(review) || review['kind'] !== 'AdmissionReview')
    return fail('the body is no AdmissionReview');
  if (review['apiVersion'] !== 'admission.k8s.io/v1') return fail('only admission.k8s.io/v1 is understood');
  const request = review['request'];
  if (!isRecord(request)) return fail('the review has no request');
  const { uid } = request;
  const operation = operations.find((known) => known === request['operation']);
  if (typeof uid !== 'string' || uid === '') return fail('request.uid is missing');
  if (operation === undefined) return fail('request.operation is unknown');
  const { kind, resource, subResource, userInfo, object, oldObject } = request;
  return ok({
    uid,
    operation,
    kind: { ...groupVersion(kind), kind: textOf(isRecord(kind) ? kind['kind'] : undefined) },
    resource: {
      ...groupVersion(resource),
      resource: textOf(isRecord(resource) ? resource['resource'] : undefined),
    },
    ...(typeof subResource === 'string' && subResource !== '' ? { subResource } : {}),
    name: textOf(request['name']),
    namespace: textOf(request['namespace']),
    isDryRun: request['dryRun'] === true,
    user: textOf(isRecord(userInfo) ? userInfo['username'] : undefined),
    object: isRecord(object) ? object : undefined,
    oldObject: isRecord(oldObject) ? oldObject : undefined,
  });
}

/** The API server refuses warnings above these bounds as a whole. */
const maxWarningLength = 256;
const maxWarnings = 16;

export function renderAdmissionAnswer(uid: string, answer: AdmissionAnswer): string {
  const warnings = (answer.warnings ?? [])
    .slice(0, maxWarnings)
    .map((warning) => warning.slice(0, maxWarningLength));
  const patch =
    answer.allowed && answer.patch !== undefined && answer.patch.length > 0 ? answer.patch : undefined;
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: answer.allowed,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(patch === undefined
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(answer.allowed ? {} : { status: { code: 403, reason: answer.reason, message: answer.message } }),
    },
  });
}

const groupVersion = (value: unknown): { readonly group: string; readonly version: string } => ({
  group: textOf(isRecord(value) ? value['group'] : undefined),
  version: textOf(isRecord(value) ? value['version'] : undefined),
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
