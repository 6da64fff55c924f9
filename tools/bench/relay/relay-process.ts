import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuUsOf, memoryOf } from '../process-memory.ts';
import type { Memory } from '../process-memory.ts';

const root = join(import.meta.dirname, '../../..');

/** The relay's bundle as it ships, alone in its process, with a journal on disk. */
export class RelayProcess {
  readonly grpc: string;
  readonly pid: number;
  private readonly ops: string;
  private readonly child: ChildProcess;
  private readonly dir: string;

  private constructor(child: ChildProcess, dir: string, ports: { grpcPort: number; opsPort: number }) {
    this.child = child;
    this.pid = child.pid ?? -1;
    this.dir = dir;
    this.grpc = `127.0.0.1:${String(ports.grpcPort)}`;
    this.ops = `http://127.0.0.1:${String(ports.opsPort)}`;
  }

  static async start(agentPorts: readonly number[], more: readonly string[]): Promise<RelayProcess> {
    const dir = mkdtempSync(join(tmpdir(), 'ka-bench-'));
    /** For looking closer: `--cpu-prof --cpu-prof-dir=…`, `--trace-gc`. */
    const flags = (process.env['KA_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
    const child = spawn(
      process.execPath,
      [
        ...flags,
        join(root, 'dist/relay.mjs'),
        ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
        ...['--agents', agentPorts.map((port) => `127.0.0.1:${String(port)}`).join(',')],
        ...['--journal-dir', dir, '--name', 'bench', ...more],
      ],
      {
        stdio: ['ignore', flags.length > 0 ? 'inherit' : 'ignore', 'pipe'],
        env: { ...process.env, NODE_OPTIONS: '' },
      },
    );
    // A bench that is interrupted leaves nothing running.
    process.once('exit', () => child.kill('SIGKILL'));
    let said = '';
    const ports = await new Promise<{ grpcPort: number; opsPort: number }>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the relay ended with ${String(code)}: ${said}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-200_000);
        const line = said.split('\n').find((one) => one.includes('"relay serves"'));
        if (line !== undefined) resolve(JSON.parse(line) as { grpcPort: number; opsPort: number });
      });
    });
    return new RelayProcess(child, dir, ports);
  }

  get cpuUs(): number {
    return cpuUsOf(this.pid);
  }

  get memory(): Memory {
    return memoryOf(this.pid);
  }

  /** The sum of a metric's series. */
  async read(name: string): Promise<number> {
    const text = await (await fetch(`${this.ops}/metrics`)).text();
    const rows = text.split('\n').filter((row) => row.startsWith(`${name}{`) || row.startsWith(`${name} `));
    return rows.reduce((sum, row) => sum + Number(row.slice(row.lastIndexOf(' ') + 1)), 0);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.dir, { recursive: true });
  }
}
