import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PolicyStatus } from '@kubearmor-ts/proto';
import type { CodedError } from '@kubearmor-ts/result';
import { PolicyGate } from './accept-policies.ts';
import type { GateKind } from './accept-policies.ts';
import { PolicyStore } from './policy-store.ts';
import { PolicyDir } from './watch-policy-dir.ts';

let root = '';
const abort = new AbortController();
const dirs: PolicyDir[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ka-gate-'));
});
afterEach(async () => {
  for (const dir of dirs.splice(0)) await dir.stop();
  await rm(root, { recursive: true, force: true });
});

async function aGate(enabled: Partial<Record<GateKind, boolean>> = {}) {
  const dir = join(root, 'policies');
  const store = new PolicyStore();
  const errors: CodedError[] = [];
  const onError = (error: CodedError): void => void errors.push(error);
  const policies = new PolicyDir({ dir, store, settleMs: 5, rescanMs: 60_000, onError });
  dirs.push(policies);
  await policies.start(abort.signal);
  const gate = new PolicyGate({
    dir,
    policies,
    store,
    isEnabled: { containerPolicy: true, hostPolicy: true, networkPolicy: true, ...enabled },
    onError,
  });
  const names = (): string[] => [...store.policies()].map(({ id }) => `${id.kind} ${id.name}`).sort();
  return { dir, store, errors, gate, policies, names };
}

const event = (type: string, name: string, spec: unknown = blockRule()): Uint8Array =>
  Buffer.from(JSON.stringify({ type, object: { metadata: { name }, spec } }));
const blockRule = (path = '/secret') => ({
  selector: { matchLabels: { app: 'x' } },
  file: { matchPaths: [{ path }] },
  action: 'Block',
});
const hostRule = {
  nodeSelector: { matchLabels: { 'kubearmor.io/hostname': '*' } },
  process: { matchDirectories: [{ dir: '/usr/bin', recursive: true }] },
};

test('a policy is applied, changed, deleted, and was never there, in the words peers know', async () => {
  const { gate, names } = await aGate();
  expect(await gate.handle('containerPolicy', event('ADDED', 'one'))).toBe(PolicyStatus.Applied);
  expect(await gate.handle('containerPolicy', event('ADDED', 'one', blockRule('/other')))).toBe(
    PolicyStatus.Modified,
  );
  expect(names()).toEqual(['KubeArmorPolicy one']);
  expect(await gate.handle('containerPolicy', event('DELETED', 'one'))).toBe(PolicyStatus.Deleted);
  expect(await gate.handle('containerPolicy', event('DELETED', 'one'))).toBe(PolicyStatus.NotExist);
  expect(names()).toEqual([]);
});

test('an accepted policy is in force again after a restart', async () => {
  const first = await aGate();
  await first.gate.handle('containerPolicy', event('ADDED', 'one'));
  await first.gate.handle('hostPolicy', event('ADDED', 'one', hostRule));
  expect((await stat(first.dir)).mode & 0o777).toBe(0o700);
  expect(await readdir(first.dir)).toContain('one.yaml');
  const second = await aGate();
  expect(second.names()).toEqual(['KubeArmorHostPolicy one', 'KubeArmorPolicy one']);
});

test.each([
  ['text that is not JSON', Buffer.from('garbage')],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
  ['nothing', Buffer.alloc(0)],
  ['a list', Buffer.from('[]')],
  ['an event without object', Buffer.from('{"type":"ADDED"}')],
  ['an empty name', event('ADDED', '')],
  ['a name that is a path', event('ADDED', '../../etc/cron.d/x')],
  ['an unknown type', event('EXPLODED', 'x')],
  ['an unknown action', event('ADDED', 'x', { ...blockRule(), action: 'Destroy' })],
  ['a deletion without a name', event('DELETED', '')],
])('%s is Invalid and leaves no file', async (_name, bytes) => {
  const { gate, dir, errors } = await aGate();
  expect(await gate.handle('containerPolicy', bytes)).toBe(PolicyStatus.Invalid);
  expect(await readdir(dir)).toEqual([]);
  expect(errors).toMatchObject([{ code: expect.stringMatching(/^KA_/) }]);
});

test('a kind that is switched off is NotEnabled', async () => {
  const { gate } = await aGate({ hostPolicy: false });
  expect(await gate.handle('hostPolicy', event('ADDED', 'x', hostRule))).toBe(PolicyStatus.NotEnabled);
});

test("a user's file with several policies is not torn apart by a deletion", async () => {
  const { gate, dir, policies, names } = await aGate();
  const text = (name: string): string =>
    `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: ${name}}\nspec: ${JSON.stringify(blockRule())}\n`;
  await writeFile(join(dir, 'mine.yaml'), `${text('one')}---\n${text('two')}`);
  await policies.rescan();
  expect(await gate.handle('containerPolicy', event('DELETED', 'one'))).toBe(PolicyStatus.Failure);
  expect(names()).toHaveLength(2);
  expect(await readFile(join(dir, 'mine.yaml'), 'utf8')).toContain('two');
});

test('a policy that cannot be kept is refused, not half applied', async () => {
  const { gate, dir, names } = await aGate();
  await rm(dir, { recursive: true });
  await writeFile(dir, 'a file where the directory was');
  expect(await gate.handle('containerPolicy', event('ADDED', 'one'))).toBe(PolicyStatus.Failure);
  expect(names()).toEqual([]);
});

test('files are taken up as they appear, change and go, and a FIFO among them stops nothing', async () => {
  const { dir, store, policies } = await aGate();
  const changed = (): Promise<void> => new Promise((resolve) => store.onChange(() => resolve()));
  const text = `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: one}\nspec: ${JSON.stringify(blockRule())}\n`;
  const { spawnSync } = await import('node:child_process');
  spawnSync('mkfifo', [join(dir, 'pipe.yaml')]);
  const added = changed();
  await writeFile(join(dir, 'a.yaml'), text);
  await added;
  const removed = changed();
  await rm(join(dir, 'a.yaml'));
  await removed;
  expect(store.size).toBe(0);
  await policies.rescan();
});
