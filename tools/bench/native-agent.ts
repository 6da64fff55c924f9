import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counted } from './alert-counter.ts';

const root = join(import.meta.dirname, '../..');

export interface NativeAgentOptions {
  /** Records the stand-in gives out when triggered. */
  readonly records: number;
  /** Records a second; 0: as fast as the agent reads. */
  readonly rate: number;
  readonly rules: number;
}

export function build(): void {
  execFileSync(process.execPath, ['tools/bundle.ts', 'agent'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(join(root, '.cache/bench'), { recursive: true });
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-Ibpf/abi'];
  execFileSync('gcc', [...flags, '-o', '.cache/bench/stand-in', 'tools/bench/stand-in.c'], { cwd: root });
}

/** The bundle as it ships, on this machine, with a stand-in for the enforcer. */
export class NativeAgent {
  readonly pid: number;
  readonly grpc: string;
  private readonly metrics: string;
  private readonly child: ChildProcess;
  private readonly folder: string;

  private constructor(child: ChildProcess, folder: string, ports: { grpc: number; metrics: number }) {
    this.child = child;
    this.pid = child.pid ?? -1;
    this.folder = folder;
    this.grpc = `127.0.0.1:${ports.grpc}`;
    this.metrics = `http://127.0.0.1:${ports.metrics}`;
  }

  static async start({ records, rate, rules }: NativeAgentOptions): Promise<NativeAgent> {
    const folder = mkdtempSync(join(tmpdir(), 'ka-bench-'));
    mkdirSync(join(folder, 'policies'));
    writeFileSync(join(folder, 'policies/bench.yaml'), hostPolicy(rules));
    const flags = {
      enforcer: join(root, '.cache/bench/stand-in'),
      'policy-dir': join(folder, 'policies'),
      gRPC: '0',
      gRPCHost: '127.0.0.1',
      gRPCHealthPort: '0',
      metricsPort: '0',
      criSocket: 'none',
      runcRoots: 'none',
      enableKubeArmorHostPolicy: 'true',
    };
    const child = spawn(
      process.execPath,
      [join(root, 'dist/agent.mjs'), ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {
          ...process.env,
          KA_BENCH_PID_FILE: join(folder, 'stand-in.pid'),
          KA_BENCH_RECORDS: String(records),
          KA_BENCH_RATE: String(rate),
        },
      },
    );
    let said = '';
    const ports = await new Promise<{ grpc: number; metrics: number }>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the agent ended with ${String(code)}: ${said}`)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-20_000);
        const line = said.split('\n').find((one) => one.includes('"agent serves"'));
        if (line !== undefined) resolve(JSON.parse(line) as { grpc: number; metrics: number });
      });
    });
    const agent = new NativeAgent(child, folder, ports);
    await agent.until('the rules to be in force', async () => (await fetch(`${agent.metrics}/readyz`)).ok);
    return agent;
  }

  trigger(): void {
    process.kill(Number(readFileSync(join(this.folder, 'stand-in.pid'), 'utf8')), 'SIGUSR1');
  }

  /** Value of a metric, summed over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.metrics}/metrics`)).text();
    const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
    return lines.reduce((sum, line) => sum + Number(line[1]), 0);
  }

  async until(what: string, probe: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!(await probe())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A subscriber in another process. */
export class Subscriber {
  counted: Counted = { alerts: 0, lossMessages: 0, lost: 0, lastNs: '0', cpuUs: 0 };
  private readonly child: ChildProcess;

  constructor(address: string) {
    this.child = fork(join(import.meta.dirname, 'alert-counter.ts'), [address], {
      execArgv: ['--conditions=ka-source'],
    });
    this.child.on('message', (counted) => (this.counted = counted as Counted));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }
}

/** Rule 1 is what the stand-in's records name; precedence counts from the least specific, so any rule will do. */
function hostPolicy(rules: number): string {
  const matchPaths = Array.from({ length: rules }, (_, i) => ({
    path: `/usr/share/application/config/s${i}`,
  }));
  return JSON.stringify({
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorHostPolicy',
    metadata: { name: 'bench' },
    spec: {
      nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } },
      severity: 5,
      tags: ['bench'],
      message: 'settings are nobody’s business',
      file: { matchPaths },
      action: 'Block',
    },
  });
}
