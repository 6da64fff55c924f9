import { mkdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import type { Rule } from '@kubearmor-ts/policy';
import { planWorkload } from '@kubearmor-ts/plan';
import type { EnforcementPlan } from '@kubearmor-ts/plan';
import type { Background, Lab } from '../lab/scenario.ts';

/** A plan whose only rules block these paths (`block`) and report these (`audit`). */
export const aPlan = (block: readonly string[], audit: readonly string[] = []): EnforcementPlan => {
  const rule = (path: string, action: Rule['action']): Rule => ({
    class: 'file',
    pattern: { kind: 'exact', path },
    ownerOnly: false,
    readOnly: false,
    onlyTerminal: false,
    action,
    severity: 5,
    tags: [],
    message: '',
    policy: { kind: 'KubeArmorPolicy', namespace: 'lab', name: 'enforcer' },
  });
  const plan = planWorkload({
    rules: [...block.map((path) => rule(path, 'Block')), ...audit.map((path) => rule(path, 'Audit'))],
    postures: { file: 'audit', network: 'audit', capabilities: 'audit' },
    mode: 'enabled',
  });
  if (!plan.ok) throw new Error(plan.error.message);
  return plan.value;
};

export interface Place {
  readonly name: string;
  readonly id: () => Promise<bigint>;
  make(): Promise<void>;
  /** Runs a program inside, in a mount namespace of its own. */
  run(
    argv: readonly string[],
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  start(argv: readonly string[]): Background;
}

export const aCgroup = (lab: Lab, name: string): Place => {
  const folder = `/sys/fs/cgroup/${name}`;
  const inside = (argv: readonly string[]): string[] => [
    '/bin/sh',
    '-c',
    `echo $$ > ${folder}/cgroup.procs && exec unshare -m "$@"`,
    'sh',
    ...argv,
  ];
  return {
    name,
    id: async () => (await stat(folder, { bigint: true })).ino,
    make: async () => {
      await mkdir(folder);
      lab.defer(async () => {
        await writeFile(`${folder}/cgroup.kill`, '1');
        await lab.until(`${folder} to be empty`, () =>
          rmdir(folder).then(
            () => true,
            () => false,
          ),
        );
      });
    },
    run: (argv) => lab.run(inside(argv)),
    start: (argv) => lab.start(inside(argv)),
  };
};

/** Resident memory of a process in KiB, by the words of /proc/PID/status. */
export const memoryOf = async (pid: number): Promise<Readonly<Record<string, number>>> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Object.fromEntries(
    [...status.matchAll(/^(VmRSS|VmHWM|RssAnon|RssFile|RssShmem):\s+(\d+) kB/gm)].map((m) => [
      m[1],
      Number(m[2]),
    ]),
  );
};

/** Resident KiB that are maps of the kernel, seen through bpf-map mappings. */
export const mappedMaps = async (pid: number): Promise<number> => {
  const smaps = await readFile(`/proc/${pid}/smaps`, 'utf8');
  let total = 0;
  for (const part of smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    if (/anon_inode:bpf-map/.test(part.split('\n')[0] ?? ''))
      total += Number(/^Rss:\s+(\d+)/m.exec(part)?.[1] ?? 0);
  }
  return total;
};

/** The same program with another build hash: what an upgrade looks like to the pins. */
export const otherBuild = async (binary: string, hash: string, place: string): Promise<string> => {
  const bytes = await readFile(binary);
  const at = bytes.indexOf(Buffer.from(hash, 'hex'));
  if (at < 0) throw new Error(`${binary} does not hold its build hash`);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  await writeFile(place, bytes, { mode: 0o755 });
  return place;
};
