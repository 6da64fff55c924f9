import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { policyKey, readPolicy } from '@kubearmor-ts/policy';
import type { Policy, PolicyKind } from '@kubearmor-ts/policy';
import { PolicyStatus } from '@kubearmor-ts/proto';
import type { CodedError } from '@kubearmor-ts/result';
import type { PolicyStore } from './policy-store.ts';
import { stampOf, toComplaint } from './read-policy-file.ts';
import type { PolicyDir } from './watch-policy-dir.ts';

export interface PolicyGateOptions {
  readonly dir: string;
  readonly policies: PolicyDir;
  readonly store: PolicyStore;
  readonly isEnabled: Readonly<Record<GateKind, boolean>>;
  readonly onError: (error: CodedError) => void;
}

export type GateKind = 'containerPolicy' | 'hostPolicy' | 'networkPolicy';

const kinds = {
  containerPolicy: 'KubeArmorPolicy',
  hostPolicy: 'KubeArmorHostPolicy',
  networkPolicy: 'KubeArmorNetworkPolicy',
} as const satisfies Record<GateKind, PolicyKind>;

/**
 * Policies over gRPC: `{"type": ADDED|MODIFIED|DELETED, "object": {"metadata", "spec"}}`. An accepted policy becomes a
 * file of the policy directory before it is answered, so it is in force after a restart too; a deleted one loses its
 * file. A policy that shares its file with others is the user's own text and is not deleted from here.
 */
export class PolicyGate {
  readonly #options: PolicyGateOptions;
  /** Answers given, by status. */
  readonly answers = new Map<string, number>();

  constructor(options: PolicyGateOptions) {
    this.#options = options;
  }

  async handle(gate: GateKind, json: Uint8Array): Promise<PolicyStatus> {
    const status = this.#options.isEnabled[gate]
      ? await this.#options.policies.exclusively(() => this.#decide(gate, json))
      : PolicyStatus.NotEnabled;
    const name = Object.entries(PolicyStatus).find(([, value]) => value === status)?.[0] ?? String(status);
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    return status;
  }

  async #decide(gate: GateKind, json: Uint8Array): Promise<PolicyStatus> {
    const event = parseEvent(json);
    if (event === undefined) {
      this.#refuse(
        gate,
        'KA_AGENT_POLICY_EVENT',
        'InvalidEvent',
        'the message is not a policy event as JSON',
      );
      return PolicyStatus.Invalid;
    }
    const { metadata, spec } = event.object;
    const object = { apiVersion: 'security.kubearmor.com/v1', kind: kinds[gate], metadata, spec };
    if (event.type === 'DELETED') return this.#delete(gate, metadata);
    if (event.type !== 'ADDED' && event.type !== 'MODIFIED') {
      this.#refuse(
        gate,
        'KA_AGENT_POLICY_EVENT',
        'InvalidEvent',
        `the event type ${String(event.type)} is not known`,
      );
      return PolicyStatus.Invalid;
    }
    const { result } = readPolicy(object, { strictness: 'lenient' });
    if (!result.ok) {
      this.#options.onError(toComplaint(result.error, `${gate} over gRPC`));
      return PolicyStatus.Invalid;
    }
    const wasKnown = this.#options.store.get(policyKey(result.value.id)) !== undefined;
    if (!(await this.#keep(result.value))) return PolicyStatus.Failure;
    return wasKnown ? PolicyStatus.Modified : PolicyStatus.Applied;
  }

  async #delete(gate: GateKind, metadata: unknown): Promise<PolicyStatus> {
    /* The spec of a deletion says nothing; only the name has to be one. */
    const key = keyOf(kinds[gate], metadata);
    if (key === undefined) {
      this.#refuse(gate, 'KA_POLICY_METADATA', 'InvalidMetadata', 'metadata.name is missing');
      return PolicyStatus.Invalid;
    }
    const files = this.#options.store.filesOf(key);
    if (files.length === 0) return PolicyStatus.NotExist;
    if (files.some((file) => file.policies.length > 1)) {
      this.#refuse(
        key,
        'KA_AGENT_POLICY_SHARED_FILE',
        'SharedFile',
        `it stands in a file with other policies: ${files.map((file) => file.path).join(', ')}`,
      );
      return PolicyStatus.Failure;
    }
    for (const file of files) {
      await rm(file.path, { force: true });
      await this.#options.policies.take(file.path);
    }
    return PolicyStatus.Deleted;
  }

  async #keep(policy: Policy): Promise<boolean> {
    const path = await this.#pathFor(policy);
    const draft = join(this.#options.dir, `.${policy.id.name.slice(0, 200)}.${process.pid}.tmp`);
    try {
      await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
      /* JSON is YAML: whoever reads the directory, stock tools too, understands it. */
      await writeFile(draft, `${JSON.stringify(policy.object, undefined, 2)}\n`, {
        mode: 0o600,
        flush: true,
      });
      await rename(draft, path);
    } catch (cause) {
      await rm(draft, { force: true }).catch(() => undefined);
      this.#refuse(
        policyKey(policy.id),
        'KA_AGENT_POLICY_NOT_KEPT',
        'PolicyNotKept',
        `the policy cannot be written to ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
      return false;
    }
    await this.#options.policies.take(path);
    return true;
  }

  /** `<name>.yaml`, unless that file belongs to a policy of another kind or namespace. */
  async #pathFor(policy: Policy): Promise<string> {
    const key = policyKey(policy.id);
    const own = this.#options.store.filesOf(key).find((file) => file.policies.length === 1);
    if (own !== undefined) return own.path;
    const plain = join(this.#options.dir, `${policy.id.name}.yaml`);
    if ((await stampOf(plain)) === undefined) return plain;
    const { kind, namespace, name } = policy.id;
    return join(this.#options.dir, `${kind.toLowerCase()}.${namespace}.${name}.yaml`);
  }

  #refuse(object: string, code: string, reason: string, message: string): void {
    this.#options.onError({ code, reason, message, object });
  }
}

interface PolicyEvent {
  readonly type: unknown;
  readonly object: { readonly metadata: unknown; readonly spec: unknown };
}

function parseEvent(json: Uint8Array): PolicyEvent | undefined {
  try {
    const event: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    if (!isRecord(event) || !isRecord(event['object'])) return undefined;
    const { metadata, spec } = event['object'];
    return { type: event['type'], object: { metadata, spec: spec ?? {} } };
  } catch {
    return undefined;
  }
}

function keyOf(kind: PolicyKind, metadata: unknown): string | undefined {
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '')
    return undefined;
  const { namespace } = metadata;
  const isNamespaced = kind === 'KubeArmorPolicy';
  return policyKey({
    kind,
    namespace: !isNamespaced ? '' : typeof namespace === 'string' && namespace !== '' ? namespace : 'default',
    name: metadata['name'],
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
