import { spawn, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import {
  Code,
  Counter,
  FrameKind,
  FrameReader,
  Verdict,
  decodeEventFrame,
  decodeFrameAck,
  decodeFrameHello,
  decodeFrameStats,
  encodeBareFrame,
  encodeFrameCgroupId,
  encodeFramePlanPut,
  encodeFrameWorkloadSet,
  type EventAccess,
  type Frame,
} from '@kubearmor-ts/abi';
import { planWorkload, type EnforcementPlan } from '@kubearmor-ts/plan';
import { parsePolicies, type Rule } from '@kubearmor-ts/policy';
import type { Lab } from '../lab/scenario.ts';
import { scopeOf, type PolicyDocument } from './attack-policies.ts';
import type { Guard, GuardAlert } from './guard.ts';
import type { Container } from './runc-container.ts';

const HOST = 'host';
const GONE = new Error('the enforcer ended');

/**
 * The enforcer alone, driven by plans compiled here: what the kernel does with a policy, whatever an agent does. It
 * stands at the same border as the agent, fd 3 and 4.
 */
export class EnforcerGuard implements Guard {
  private readonly child: ChildProcess;
  private readonly commands: Writable;
  private readonly reader = new FrameReader();
  private readonly waiting = new Map<
    bigint,
    { resolve: (frame: Frame) => void; reject: (error: Error) => void }
  >();
  private readonly workloads = new Map<string, number>([[HOST, 0]]);
  /** By workload and revision, to say later which rule a number meant. */
  private readonly plans = new Map<string, EnforcementPlan>();
  private readonly denied: GuardAlert[] = [];
  private readonly ready: Promise<void>;
  private seq = 1n;
  private revision = 0;
  private complaints = '';
  hooks = 0n;

  private constructor(program: string, options: readonly string[]) {
    this.child = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    this.commands = this.child.stdio[3] as Writable;
    this.commands.on('error', () => undefined);
    this.child.stderr?.on(
      'data',
      (chunk: Buffer) => (this.complaints = (this.complaints + chunk.toString()).slice(-20_000)),
    );
    let settle: () => void = () => undefined;
    let refuse: (error: Error) => void = () => undefined;
    this.ready = new Promise((resolve, reject) => ([settle, refuse] = [resolve, reject]));
    this.ready.catch(() => undefined);
    const fail = (error: Error): void => {
      refuse(error);
      for (const one of this.waiting.values()) one.reject(error);
      this.waiting.clear();
    };
    this.child.once('error', fail);
    this.child.once('exit', (code, signal) =>
      fail(new Error(`${GONE.message} with ${code ?? signal}: ${this.complaints}`)),
    );
    (this.child.stdio[4] as Readable).on('data', (chunk: Buffer) =>
      this.reader.push(chunk, {
        frame: (frame) => (frame.kind === FrameKind.READY ? settle() : this.take(frame)),
        error: (error) => fail(new Error(`${error.code}: ${error.message}`)),
      }),
    );
  }

  static async start(
    lab: Lab,
    program = join(process.cwd(), 'bpf/.output/ka-enforcer'),
  ): Promise<EnforcerGuard> {
    const guard = new EnforcerGuard(program, []);
    lab.defer(async () => {
      guard.child.kill('SIGKILL');
      await lab.run([program, '--unload']);
    });
    await guard.ready;
    return guard;
  }

  async protect(container: Container): Promise<void> {
    const workload = this.workloads.size;
    this.workloads.set(container.name, workload);
    await this.bind(container.name, []);
    const cgroupId = statSync(container.cgroup, { bigint: true }).ino;
    await this.ask((seq) => encodeFrameCgroupId({ seq, cgroupId, workload }));
  }

  async apply(policies: readonly PolicyDocument[]): Promise<void> {
    const rules = new Map<string, Rule[]>([...this.workloads.keys()].map((name) => [name, []]));
    for (const policy of policies) {
      const scope = scopeOf(policy);
      const of = rules.get(scope);
      if (of === undefined)
        throw new Error(`policy ${policy.metadata.name} is for ${scope}, which is not protected`);
      of.push(...readRules(policy));
    }
    for (const [name, of] of rules) await this.bind(name, of);
  }

  /** One command as raw bytes, for what a well-meaning encoder cannot write; resolves with the name of the answer. */
  async codeOf(bytes: Buffer, seq: bigint): Promise<string> {
    return codeName(decodeFrameAck((await this.exchange(seq, bytes)).bytes, 0).code);
  }

  /** Bytes without a question. */
  write(bytes: Buffer): void {
    this.commands.write(bytes);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  alerts(): readonly GuardAlert[] {
    return this.denied;
  }

  async lostAlerts(): Promise<number> {
    return (await this.counters())['ALERTS_LOST'] ?? 0;
  }

  /** What the kernel programs counted, by name, zeros left out. */
  async counters(): Promise<Readonly<Record<string, number>>> {
    const seq = this.nextSeq();
    const answer = await this.exchange(seq, encodeBareFrame(FrameKind.STATS_GET, seq));
    const { counter } = decodeFrameStats(answer.bytes, 0);
    const named = Object.entries(Counter).map(([name, at]) => [name, Number(counter[at] ?? 0n)] as const);
    return Object.fromEntries(named.filter(([, count]) => count > 0));
  }

  /** The enforcer's process. */
  get pid(): number {
    return this.child.pid ?? -1;
  }

  nextSeq(): bigint {
    this.seq += 1n;
    return this.seq;
  }

  private async bind(name: string, rules: readonly Rule[]): Promise<void> {
    const workload = this.workloads.get(name)!;
    const planned = planWorkload({
      rules,
      postures: { file: 'block', network: 'block', capabilities: 'block' },
      mode: 'enabled',
    });
    if (!planned.ok) throw new Error(`plan of ${name}: ${planned.error.code}: ${planned.error.message}`);
    const plan = planned.value;
    this.revision += 1;
    const revision = this.revision;
    this.plans.set(`${workload}/${revision}`, plan);
    await this.ask((seq) => encodeFramePlanPut({ seq, contentHash: plan.contentHash }, plan.blob));
    const key = Buffer.from(name);
    await this.ask((seq) =>
      encodeFrameWorkloadSet({ seq, contentHash: plan.contentHash, workload, revision, key }),
    );
  }

  private async ask(encode: (seq: bigint) => Buffer): Promise<void> {
    const seq = this.nextSeq();
    const bytes = encode(seq);
    const ack = decodeFrameAck((await this.exchange(seq, bytes)).bytes, 0);
    if (ack.code !== Code.OK) {
      throw new Error(
        `frame of kind ${bytes.readUInt16LE(4)} was answered ${codeName(ack.code)}, errno ${ack.error}`,
      );
    }
  }

  private exchange(seq: bigint, bytes: Buffer): Promise<Frame> {
    return new Promise((resolve, reject) => {
      this.waiting.set(seq, { resolve, reject });
      this.commands.write(bytes);
    });
  }

  private take(frame: Frame): void {
    if (frame.kind === FrameKind.HELLO) {
      this.hooks = decodeFrameHello(frame.bytes, 0).hooks;
      return;
    }
    if (frame.kind === FrameKind.EVENT) {
      const decoded = decodeEventFrame(frame);
      if (decoded.ok && decoded.value.event.verdict === Verdict.BLOCK)
        this.denied.push(this.alertOf(decoded.value.event));
      return;
    }
    const waiting = this.waiting.get(frame.seq);
    this.waiting.delete(frame.seq);
    waiting?.resolve(frame);
  }

  private alertOf(event: EventAccess): GuardAlert {
    const rule = this.plans.get(`${event.workload}/${event.revision}`)?.rules[event.rule];
    const workload =
      [...this.workloads].find(([, number]) => number === event.workload)?.[0] ?? `#${event.workload}`;
    return {
      policy: rule === undefined || rule.action === 'Allow' ? 'DefaultPosture' : rule.policy.name,
      workload,
      // One character a byte, as the attack programs print paths.
      resource: event.object.length === 0 ? '(unknown)' : event.object.toString('latin1'),
      source: `${event.exe.toString('latin1')} ${event.cmdline.toString('latin1').replaceAll('\0', ' ')}`,
    };
  }
}

function codeName(code: number): string {
  return Object.entries(Code).find(([, value]) => value === code)?.[0] ?? String(code);
}

function readRules(policy: PolicyDocument): readonly Rule[] {
  const text = JSON.stringify({ apiVersion: 'security.kubearmor.com/v1', ...policy });
  return parsePolicies(text).flatMap(({ result }) => {
    if (!result.ok)
      throw new Error(`policy ${policy.metadata.name}: ${result.error.code}: ${result.error.message}`);
    return result.value.rules;
  });
}
