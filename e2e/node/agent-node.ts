import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Background, Lab } from '../lab/scenario.ts';
import { AlertStream, type SeenAlert } from './alert-stream.ts';

/** Where the agent of this boot listens, inside the guest. */
export const GRPC_PORT = 32767;
const METRICS_PORT = 8080;
const POLICY_DIR = '/opt/kubearmor/policies';
const SENTINEL_DIR = '/run/ka-sentinel';
const SENTINEL_POLICY = 'e2e-sentinel';

/** A policy as a user writes it, without the constant first lines. */
export interface WrittenPolicy {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface PolicyRow {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly conditions: readonly { readonly message: string }[];
}

/** The agent as it ships, as the daemon of this boot. */
export class AgentNode {
  readonly alerts = new AlertStream();
  private readonly daemon: Background;
  private sentinels = 0;

  private constructor(daemon: Background) {
    this.daemon = daemon;
  }

  static async start(lab: Lab, flags: readonly string[] = []): Promise<AgentNode> {
    mkdirSync(POLICY_DIR, { recursive: true, mode: 0o700 });
    mkdirSync(SENTINEL_DIR, { recursive: true });
    for (const file of readdirSync(POLICY_DIR)) rmSync(join(POLICY_DIR, file));
    writePolicy(sentinelPolicy);
    const daemon = lab.daemon([
      'node_modules/.bin/node',
      'dist/agent.mjs',
      '--enforcer=bpf/.output/ka-enforcer',
      `--policy-dir=${POLICY_DIR}`,
      `--metricsPort=${METRICS_PORT}`,
      `--gRPC=${GRPC_PORT}`,
      '--enableKubeArmorHostPolicy=true',
      '--defaultFilePosture=block',
      '--hostDefaultFilePosture=block',
      '--defaultCapabilitiesPosture=block',
      '--hostDefaultCapabilitiesPosture=block',
      '--defaultNetworkPosture=block',
      '--hostDefaultNetworkPosture=block',
      ...flags,
    ]);
    const node = new AgentNode(daemon);
    await node.ready(lab, 240_000);
    node.alerts.follow(`127.0.0.1:${GRPC_PORT}`, new AbortController().signal);
    await node.quiet();
    return node;
  }

  get pid(): number {
    return this.daemon.pid;
  }

  async ready(lab: Lab, timeoutMs = 20_000): Promise<void> {
    await lab
      .until(
        'the agent to be ready',
        () =>
          this.get('/readyz').then(
            (answer) => answer.ok,
            () => false,
          ),
        timeoutMs,
      )
      .catch((cause: unknown) => {
        throw new Error(`the agent is not ready; it said:\n${this.daemon.output().slice(-4000)}`, { cause });
      });
  }

  /** Puts exactly these policies in force; resolves when the agent says the kernel decides by them. */
  async enforce(lab: Lab, policies: readonly WrittenPolicy[]): Promise<void> {
    const wanted = new Map([sentinelPolicy, ...policies].map((policy) => [fileOf(policy), policy]));
    for (const file of readdirSync(POLICY_DIR)) if (!wanted.has(file)) rmSync(join(POLICY_DIR, file));
    for (const policy of wanted.values()) writePolicy(policy);
    const names = [...wanted.values()].map((policy) => `${policy.kind}/${policy.metadata.name}`).sort();
    await lab.until(
      `policies ${names.join(', ')} to be in force`,
      async () => {
        const { policies: rows } = (await (await this.get('/policies')).json()) as {
          policies: readonly PolicyRow[];
        };
        const known = rows.map((row) => `${row.kind}/${row.name}`).sort();
        if (known.join() !== names.join()) return false;
        const stuck = rows.find((row) => !['Enforced', 'Pending'].includes(row.state));
        if (stuck !== undefined)
          throw new Error(`${stuck.kind} ${stuck.name} is ${stuck.state}: ${JSON.stringify(stuck)}`);
        return rows.every((row) => row.state === 'Enforced');
      },
      20_000,
    );
  }

  mark(): number {
    return this.alerts.seen.length;
  }

  /**
   * Alerts after the mark, once all that the kernel has produced so far are here: the ring keeps their order, so a
   * last one of our own making closes the list.
   */
  async alertsSince(mark: number): Promise<readonly SeenAlert[]> {
    const end = await this.quiet();
    return this.alerts.seen.slice(mark, end - 1).filter((alert) => alert['PolicyName'] !== SENTINEL_POLICY);
  }

  private async quiet(): Promise<number> {
    const from = this.mark();
    // Several, because a stream that is only just being opened misses the first.
    for (let attempt = 1; ; attempt += 1) {
      this.sentinels += 1;
      const file = join(SENTINEL_DIR, String(this.sentinels));
      writeFileSync(file, '');
      readFileSync(file);
      try {
        return await this.alerts.until(from, (alert) => alert['Resource'] === file, 5000);
      } catch (cause) {
        if (attempt === 4)
          throw new Error(
            `the alert stream is silent; the agent said:\n${this.daemon.output().slice(-3000)}`,
            { cause },
          );
      }
    }
  }

  async get(path: string): Promise<Response> {
    return await fetch(`http://127.0.0.1:${METRICS_PORT}${path}`);
  }
}

const sentinelPolicy: WrittenPolicy = {
  kind: 'KubeArmorHostPolicy',
  metadata: { name: SENTINEL_POLICY },
  spec: {
    nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } },
    file: { matchDirectories: [{ dir: `${SENTINEL_DIR}/`, recursive: true }] },
    action: 'Audit',
  },
};

const fileOf = ({ kind, metadata }: WrittenPolicy): string =>
  `${kind}-${metadata.namespace ?? ''}-${metadata.name}.yaml`.toLowerCase();

function writePolicy(policy: WrittenPolicy): void {
  const text = JSON.stringify({ apiVersion: 'security.kubearmor.com/v1', ...policy });
  writeFileSync(join(POLICY_DIR, fileOf(policy)), `${text}\n`);
}
