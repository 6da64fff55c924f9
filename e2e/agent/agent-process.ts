import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { defaultCacheDir } from '../lab/checkout.ts';
import type { Background, Lab } from '../lab/scenario.ts';

export const agentPrograms = (cacheDir: string): string => join(cacheDir, 'agent');

type Alert = Readonly<Record<string, unknown>>;

/** The agent as it ships, in the guest: the bundle, the enforcer beside it, a policy directory of its own. */
export class AgentProcess {
  readonly policyDir: string;
  readonly #lab: Lab;
  readonly #lines: string;
  readonly #flags: readonly string[];
  readonly #alerts: Alert[] = [];
  #readBytes = 0;
  #process: Background | undefined;

  constructor(lab: Lab, flags: readonly string[] = []) {
    this.#lab = lab;
    this.#flags = flags;
    this.policyDir = join(lab.scratch, 'policies');
    this.#lines = join(lab.scratch, 'alerts.jsonl');
    mkdirSync(this.policyDir, { recursive: true });
    lab.defer(() => this.stop());
  }

  get pid(): number {
    assert.ok(this.#process);
    return this.#process.pid;
  }

  async start(): Promise<void> {
    const programs = agentPrograms(defaultCacheDir());
    this.#process = this.#lab.start([
      process.execPath,
      join(programs, 'agent.mjs'),
      ...[
        '--policy-dir',
        this.policyDir,
        '--logPath',
        this.#lines,
        '--host',
        'lab-node',
        '--metricsPort',
        '32765',
      ],
      ...this.#flags,
    ]);
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.ended;
    this.#process = undefined;
  }

  ready(): Promise<true> {
    return this.#lab.until(
      'the agent is ready',
      async () => {
        const answer = await fetch('http://127.0.0.1:32765/readyz').catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      },
      300_000,
    );
  }

  output(): string {
    return this.#process?.output() ?? '';
  }

  async page(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:32765${path}`)).text();
  }

  async metric(name: string): Promise<number> {
    const line = (await this.page('/metrics')).split('\n').find((text) => text.startsWith(`${name} `));
    assert.ok(line, `metric ${name}`);
    return Number(line.split(' ')[1]);
  }

  /** Puts a file into the policy directory and waits until its policies are in the kernel on `workloads` workloads. */
  async write(file: string, text: string): Promise<void> {
    const draft = join(this.policyDir, `.${file}`);
    writeFileSync(draft, text);
    renameSync(draft, join(this.policyDir, file));
    const names = [...text.matchAll(/^ {2}name: (.+)$/gm)].map((match) => match[1]);
    await this.#lab.until(`${file} is in force`, async () => {
      const { policies } = JSON.parse(await this.page('/policies')) as {
        policies: { name: string; state: string; place: string }[];
      };
      const own = policies.filter((policy) => names.includes(policy.name) && policy.place.includes(file));
      return own.length === names.length &&
        own.every((policy) => policy.state === 'Enforced' || policy.state === 'SelectsNothing')
        ? true
        : undefined;
    });
  }

  async remove(file: string): Promise<void> {
    rmSync(join(this.policyDir, file));
    await this.#lab.until(
      `${file} is gone`,
      async () => !(await this.page('/policies')).includes(`/${file}:`),
    );
    await this.ready();
  }

  /** What it has written so far; asked again, only what is new is read. */
  alerts(): readonly Alert[] {
    if (!existsSync(this.#lines)) return this.#alerts;
    const file = openSync(this.#lines, 'r');
    try {
      const news = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#readBytes));
      const whole = news.subarray(0, readSync(file, news, 0, news.length, this.#readBytes));
      // The last line may be on its way.
      const text = whole.subarray(0, whole.lastIndexOf(0x0a) + 1);
      this.#readBytes += text.length;
      for (const line of text.toString().split('\n').slice(0, -1)) this.#alerts.push(...readLine(line));
    } finally {
      closeSync(file);
    }
    return this.#alerts;
  }

  alert(what: string, wanted: Alert): Promise<Alert> {
    return this.#lab.until(what, () =>
      this.alerts().find((alert) => Object.entries(wanted).every(([key, value]) => alert[key] === value)),
    );
  }
}

/** Nothing of a line that is torn where the agent was killed while it wrote. */
function readLine(line: string): readonly Alert[] {
  try {
    return [JSON.parse(line) as Alert];
  } catch {
    return [];
  }
}
