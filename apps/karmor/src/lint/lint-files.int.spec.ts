import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let directory: string;

const policy = (name: string, spec: string): string =>
  `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n${spec}`;
const good = policy(
  'good',
  '  selector: {matchLabels: {app: web}}\n  process: {matchPaths: [{path: /bin/ls}]}\n',
);
const doubtful = policy(
  'doubtful',
  '  selector:\n    app: web\n  process: {matchPaths: [{path: /bin/ls}]}\n',
);
const bad = policy('bad', '  action: block\n');

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'karmor-lint-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function karmor(args: readonly string[], input = ''): Promise<Run> {
  const main = join(import.meta.dirname, '../main.ts');
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=ka-source', main, ...args],
      { cwd: directory, env: { PATH: process.env['PATH'] } },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

test('says where the mistake is, goes on with the other files and exits with 1', async () => {
  await writeFile(join(directory, 'a.yaml'), bad);
  await writeFile(join(directory, 'b.yaml'), `${good}---\n${doubtful}`);
  const { code, stdout, stderr } = await karmor(['lint', '.']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toBe(
    'a.yaml:7:11: error: spec.action: "block" is not a known value (Allow, Audit, Block); did you mean Block? [KA_POLICY_SCHEMA]',
  );
  expect(lines[1]).toMatch(
    /^b\.yaml:17:5: warning: spec\.selector\.app: unknown key "app" is ignored; .*every pod/,
  );
  expect(lines.at(-1)).toBe('2 files: 2 valid policies, 1 invalid; 1 error, 2 warnings');
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
}, 60_000);

test('is content with good policies, and with doubtful ones unless asked to be strict', async () => {
  await writeFile(join(directory, 'good.yaml'), good);
  await writeFile(join(directory, 'doubtful.yaml'), doubtful);
  expect(await karmor(['lint', 'good.yaml', '--strict'])).toEqual({
    code: 0,
    stdout: '1 file: 1 valid policy, 0 invalid; 0 errors, 0 warnings\n',
    stderr: '',
  });
  expect((await karmor(['lint', 'doubtful.yaml'])).code).toBe(0);
  expect((await karmor(['lint', 'doubtful.yaml', '--strict'])).code).toBe(1);
}, 60_000);

test('prints one JSON document on request', async () => {
  await writeFile(join(directory, 'a.yaml'), bad);
  const { code, stdout } = await karmor(['lint', '--json', 'a.yaml']);
  const report = JSON.parse(stdout);
  expect(code).toBe(1);
  expect(report.summary).toEqual({ files: 1, valid: 0, invalid: 1, skipped: 0, errors: 1, warnings: 0 });
  expect(report.findings[0]).toMatchObject({
    file: 'a.yaml',
    line: 7,
    column: 11,
    severity: 'error',
    code: 'KA_POLICY_SCHEMA',
    path: 'spec.action',
    object: 'KubeArmorPolicy shop/bad',
  });
}, 60_000);

test('reads standard input and checks like an agent when asked', async () => {
  expect((await karmor(['lint', '-'], bad)).stdout).toContain('<stdin>:7:11: error');
  expect((await karmor(['lint', '--lenient', '-'], bad)).code).toBe(0);
}, 60_000);

test('searches directories, skips what is no policy there and follows no cycle', async () => {
  await mkdir(join(directory, 'sub'));
  await symlink('..', join(directory, 'sub', 'up'));
  await writeFile(join(directory, 'sub', 'good.yml'), good);
  await writeFile(join(directory, 'pod.yaml'), 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n');
  await writeFile(join(directory, 'notes.txt'), bad);
  const { code, stdout } = await karmor(['lint', '.']);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '2 files: 1 valid policy, 0 invalid, 1 skipped; 0 errors, 0 warnings\n',
  });
}, 60_000);

test('a file that is named and holds no policy is a mistake', async () => {
  await writeFile(join(directory, 'pod.yaml'), 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n');
  await writeFile(join(directory, 'empty.yaml'), '# nothing\n');
  const { code, stdout } = await karmor(['lint', 'pod.yaml', 'empty.yaml', 'missing.yaml']);
  expect(code).toBe(1);
  expect(stdout.match(/KA_\w+/g)).toEqual(['KA_POLICY_OTHER_KIND', 'KA_LINT_EMPTY', 'KA_LINT_UNREADABLE']);
}, 60_000);

test('a file beyond the limit is refused without reading it whole', async () => {
  await writeFile(join(directory, 'huge.yaml'), '#'.repeat(17 * 1024 * 1024));
  const { code, stdout } = await karmor(['lint', 'huge.yaml']);
  expect({ code, refused: stdout.includes('[KA_POLICY_TOO_LARGE]') }).toEqual({ code: 1, refused: true });
}, 60_000);

test.each([[['lint']], [['lnit', 'x']], [['lint', '--jsn', 'x']]])(
  'wrong usage %j exits with 2',
  async (args) => {
    const { code, stdout, stderr } = await karmor(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: /);
  },
);

test('help exits with 0 and names the command', async () => {
  const { code, stdout } = await karmor(['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('lint');
}, 60_000);
