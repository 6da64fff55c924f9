import { policyGroup, policyVersion } from '@kubearmor-ts/crd';
import type { CodedError } from '@kubearmor-ts/result';
import { finding, documentError } from './finding.ts';
import type { Finding } from './finding.ts';
import { defaultLimits } from './limits.ts';
import { unorchestratedNamespace } from './metadata.ts';
import type { Policy } from './policy.ts';
import { readPolicy } from './read-policy.ts';
import type { PolicyId, PolicyKind } from './rule.ts';
import { isRecord } from './yaml-value.ts';

/** Which call of the PolicyService brought the event; it decides the kind of the object. */
export type PolicyEventKind = 'container' | 'host' | 'network';

/** Names of `policy.PolicyStatus`. */
export type PolicyStatus =
  'Failure' | 'Applied' | 'Deleted' | 'Modified' | 'NotExist' | 'Invalid' | 'NotEnabled';

/** The numbers that `policy.PolicyStatus` has on the wire. */
export const policyStatusNumbers: Readonly<Record<PolicyStatus, number>> = {
  Failure: 0,
  Applied: 1,
  Deleted: 2,
  Modified: 3,
  NotExist: 4,
  Invalid: 5,
  NotEnabled: 6,
};

export type PolicyEvent =
  | {
      readonly status: 'Applied' | 'Modified';
      readonly policy: Policy;
      readonly warnings: readonly Finding[];
    }
  | { readonly status: 'Deleted'; readonly id: PolicyId }
  | { readonly status: 'NotEnabled' | 'Invalid' | 'Failure' | 'NotExist'; readonly error: CodedError };

export interface PolicyEventContext {
  /** Whether the feature behind the call is switched on. */
  readonly enabled: boolean;
  /** Whether a policy of this identity is applied now. */
  has(id: PolicyId): boolean;
}

const kinds: Readonly<Record<PolicyEventKind, PolicyKind>> = {
  container: 'KubeArmorPolicy',
  host: 'KubeArmorHostPolicy',
  network: 'KubeArmorNetworkPolicy',
};

/**
 * Decides what a PolicyService payload asks for and which status answers it, by the order of checks that clients know:
 * feature, syntax and name, action words, content, existence. Changes nothing; the caller applies the outcome.
 */
export function parsePolicyEvent(
  payload: string | Uint8Array,
  kind: PolicyEventKind,
  context: PolicyEventContext,
): PolicyEvent {
  if (!context.enabled) {
    const error = {
      code: 'KA_POLICY_NOT_ENABLED',
      reason: 'NotEnabled',
      message: `${kind} policies are switched off`,
    };
    return { status: 'NotEnabled', error };
  }
  const envelope = readEnvelope(payload);
  if ('message' in envelope) return invalid('KA_POLICY_SYNTAX', envelope.message);

  const { type, object } = envelope;
  const forceNamespace = kind === 'container' ? { forceNamespace: unorchestratedNamespace } : {};
  const whole = { ...object, apiVersion: `${policyGroup}/${policyVersion}`, kind: kinds[kind] };
  if (type === 'DELETED') {
    // The content does not matter: what is applied under the name goes away.
    const { result } = readPolicy({ ...whole, spec: {} }, { strictness: 'lenient', ...forceNamespace });
    if (!result.ok) return { status: 'Invalid', error: result.error };
    const { id } = result.value;
    if (context.has(id)) return { status: 'Deleted', id };
    const message = `no ${id.kind} ${id.name} is applied`;
    return {
      status: 'NotExist',
      error: { code: 'KA_POLICY_NOT_EXIST', reason: 'NotExist', message, object: id.name },
    };
  }
  const { result, warnings } = readPolicy(whole, { strictness: 'lenient', ...forceNamespace });
  if (result.ok) {
    return { status: context.has(result.value.id) ? 'Modified' : 'Applied', policy: result.value, warnings };
  }
  const isInvalid = result.error.findings.some(
    (f) => f.code === 'KA_POLICY_ACTION' || f.code === 'KA_POLICY_METADATA',
  );
  return { status: isInvalid ? 'Invalid' : 'Failure', error: result.error };
}

type Envelope =
  { readonly type: string; readonly object: Record<string, unknown> } | { readonly message: string };

function readEnvelope(payload: string | Uint8Array): Envelope {
  if (payload.length > defaultLimits.maxBytes) {
    return { message: `the event has ${payload.length} bytes, the limit is ${defaultLimits.maxBytes}` };
  }
  let event: unknown;
  try {
    event = JSON.parse(
      typeof payload === 'string' ? payload : new TextDecoder('utf-8', { fatal: true }).decode(payload),
    );
  } catch (cause) {
    return {
      message: `the event is not JSON: ${cause instanceof Error ? cause.message.slice(0, 200) : 'unknown'}`,
    };
  }
  if (!isRecord(event)) return { message: 'the event is not a JSON object' };
  const { type, object } = event;
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') {
    return { message: 'the event type is none of ADDED, MODIFIED, DELETED' };
  }
  if (!isRecord(object)) return { message: 'the event has no object' };
  return { type, object };
}

const invalid = (code: 'KA_POLICY_SYNTAX', message: string): PolicyEvent => ({
  status: 'Invalid',
  error: documentError([finding('error', code, message)]),
});
