import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = new URL('../main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'karmor-explain-'));
afterAll(() => rmSync(folder, { recursive: true }));

const policy = `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: shells, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  action: Block
  process: {matchPaths: [{path: /bin/sh}]}
`;
writeFileSync(join(folder, 'good.yaml'), policy);

const karmor = (...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, ['--conditions=ka-source', '--no-warnings', main, 'explain', ...args], {
    encoding: 'utf8',
  });

test('explain prints the answer, and its exit code can carry it', () => {
  const answer = karmor(folder, '-l', 'app=web', '--exec', '/bin/sh', '--exit-code');
  expect([answer.status, answer.stderr]).toEqual([3, '']);
  expect(answer.stdout).toContain(
    `block: execute /bin/sh\n  by rule 1, Block path /bin/sh: KubeArmorPolicy default/shells at ${folder}/good.yaml:7:26`,
  );
});

test('explain prints one JSON document', () => {
  const answer = karmor(folder, '-l', 'app=web', '--exec', '/bin/ls', '--json');
  expect(answer.status).toBe(0);
  expect(JSON.parse(answer.stdout)).toMatchObject({
    verdict: 'none',
    applied: ['KubeArmorPolicy default/shells'],
    problems: [],
  });
});

test.each([
  [
    [],
    'one of --exec <path>, --open <path>, --capability <name>, --connect <url> and --accept <url> is needed',
  ],
  [['--exec', 'sh'], 'must be an absolute path'],
  [['--exec', '/bin/sh', '--label', 'x'], 'key=value'],
  [['--exec', '/bin/sh', '--open', '/x'], 'cannot be used with'],
  [['--open', '/x', '--uid', 'root'], 'must be a number'],
])('wrong usage %j exits with 2 and says %s', (args, message) => {
  const answer = karmor(folder, ...args);
  expect(answer.status).toBe(2);
  expect(answer.stderr).toContain(message);
});

test('a broken file is reported with its place and the rest is explained', () => {
  const broken = join(folder, 'broken.yaml');
  writeFileSync(broken, 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: [');
  const answer = karmor(folder, join(folder, 'missing'), '-l', 'app=web', '--exec', '/bin/sh');
  expect(answer.status).toBe(1);
  expect(answer.stdout).toContain('block: execute /bin/sh');
  expect(answer.stderr).toContain(`${broken}:3:`);
  expect(answer.stderr).toContain('missing');
});

test('explain answers for the arguments of a run', () => {
  const file = join(folder, 'arguments.yaml');
  writeFileSync(
    file,
    policy
      .replace('path: /bin/sh', 'path: /usr/bin/python3, allowedArgs: [-m, random]')
      .replace('shells', 'python'),
  );
  const ask = (...args: readonly string[]) =>
    karmor(file, '-l', 'app=web', '--exec', '/usr/bin/python3', ...args);
  expect(ask('--arg', '-m', '--arg', 'random').stdout).toContain(
    'allow: execute /usr/bin/python3 with arguments ["-m","random"]',
  );
  const refused = ask('--arg', '-m', '--arg', 'pydoc').stdout;
  expect(refused).toContain('block: execute');
  expect(refused).toContain('allowedArgs: ["-m","random"]');
  expect(ask('--no-args').stdout).toContain('block: execute');
  expect(ask().stdout).toContain('block: execute');
  expect(karmor(file, '--open', '/x', '--arg', '-m').status).toBe(2);
});
