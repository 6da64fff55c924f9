import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentProcess } from '../agent/agent-process.ts';
import type { Lab } from '../lab/scenario.ts';
import type { PolicyDocument } from './attack-policies.ts';
import type { Guard, GuardAlert } from './guard.ts';
import type { Container } from './runc-container.ts';

const FLAGS: readonly string[] = [
  '--enableKubeArmorHostPolicy',
  '--defaultFilePosture=block',
  '--criSocket=none',
  '--logLevel=warn',
];

interface PolicyRow {
  readonly name: string;
  readonly state: string;
  readonly conditions: readonly unknown[];
}

/** The whole way: policy files, the agent as it ships, its event lines. */
export class AgentGuard implements Guard {
  readonly agent: AgentProcess;
  private readonly lab: Lab;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.agent = new AgentProcess(lab, FLAGS);
  }

  static async start(lab: Lab): Promise<AgentGuard> {
    const guard = new AgentGuard(lab);
    lab.defer(async () => {
      await guard.agent.stop();
      await lab.run([join(process.cwd(), 'bpf/.output/ka-enforcer'), '--unload']);
    });
    await guard.agent.start();
    return guard;
  }

  async protect(container: Container): Promise<void> {
    await this.lab.until(
      `the agent to know ${container.name}`,
      async () => (await this.agent.page('/workloads')).includes(`"${container.name}"`),
      30_000,
    );
  }

  async apply(policies: readonly PolicyDocument[]): Promise<void> {
    const wanted = new Map(policies.map((policy) => [`${policy.metadata.name}.yaml`, policy]));
    for (const file of readdirSync(this.agent.policyDir))
      if (!wanted.has(file)) rmSync(join(this.agent.policyDir, file));
    for (const [file, policy] of wanted) this.put(file, policy);
    const names = policies.map((policy) => policy.metadata.name).sort();
    await this.lab.until(
      'the policies to be in force',
      async () => {
        const rows = await this.policies();
        const known = rows.map((row) => row.name).sort();
        if (known.join() !== names.join()) return false;
        const stuck = rows.find(({ state }) => !['Enforced', 'Pending', 'SelectsNothing'].includes(state));
        if (stuck !== undefined) throw new Error(`policy ${stuck.name}: ${JSON.stringify(stuck)}`);
        return rows.every((row) => row.state === 'Enforced');
      },
      120_000,
    );
  }

  /** Writes one policy file at once, without waiting for its effect. */
  put(file: string, policy: PolicyDocument | string | Buffer): void {
    const text =
      typeof policy === 'string' || Buffer.isBuffer(policy)
        ? policy
        : JSON.stringify({ apiVersion: 'security.kubearmor.com/v1', ...policy });
    writeFileSync(join(this.agent.policyDir, `.${file}`), text);
    renameSync(join(this.agent.policyDir, `.${file}`), join(this.agent.policyDir, file));
  }

  /** Removes a file at once, without waiting for the effect. */
  take(file: string): void {
    rmSync(join(this.agent.policyDir, file));
  }

  /** Removes a policy file and waits until its policy is not known any more. */
  async withdraw(file: string): Promise<void> {
    this.take(file);
    const name = file.replace(/\.yaml$/, '');
    await this.lab.until(
      `${file} to be out of force`,
      async () => !(await this.policies()).some((row) => row.name === name),
      30_000,
    );
  }

  /** Removes a file, whatever was in it, and waits until nothing of it is known. */
  async remove(file: string): Promise<void> {
    this.take(file);
    await this.lab.until(
      `${file} to be forgotten`,
      async () => !(await this.agent.page('/policies')).includes(`/${file}`),
      120_000,
    );
  }

  async policies(): Promise<readonly PolicyRow[]> {
    return (JSON.parse(await this.agent.page('/policies')) as { policies: PolicyRow[] }).policies;
  }

  alerts(): readonly GuardAlert[] {
    return this.agent
      .alerts()
      .filter((alert) => alert['Action'] === 'Block')
      .map((alert) => ({
        policy: String(alert['PolicyName']),
        workload: String(alert['ContainerName'] ?? 'host'),
        resource: isUnknown(alert) ? '(unknown)' : String(alert['Resource']),
        source: String(alert['Source']),
      }));
  }

  async lostAlerts(): Promise<number> {
    return (
      (await this.agent.metric('ka_agent_events_lost_total')) +
      (await this.agent.metric('ka_agent_lines_dropped_total'))
    );
  }

  /** By name: the enforcer is the agent's child and comes and goes with it. */
  async enforcerPid(): Promise<number> {
    const { stdout } = await this.lab.run(['pidof', 'ka-enforcer']);
    return Number(stdout.trim().split(' ')[0]);
  }
}

const isUnknown = (alert: Readonly<Record<string, unknown>>): boolean =>
  (alert['EventData'] as Readonly<Record<string, string>> | undefined)?.['ResourceUnknown'] !== undefined;
