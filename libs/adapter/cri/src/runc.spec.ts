import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CgroupResolver, findCgroup2Mount, watchRunc } from './index.ts';
import type { RuntimeUpdate } from './index.ts';
import { parseOciSpec } from './oci-spec.ts';
import { readDockerContainer } from './docker-container.ts';
import { bundleOf, isRuncCreating } from './runc-bundle.ts';
import { parseRuncState } from './runc-state.ts';

const state = (labels: readonly string[], pid = 7): string =>
  JSON.stringify({
    id: 'web',
    init_process_pid: pid,
    config: { labels },
    cgroup_paths: { '': '/sys/fs/cgroup/machine.slice/web' },
  });

test('the state file of runc gives annotations, process and cgroup', () => {
  expect(parseRuncState(state(['bundle=/b', 'team=shop', 'eq=a=b']), '/run/runc', 'web')).toMatchObject({
    labels: { team: 'shop', eq: 'a=b' },
    pid: 7,
    cgroupsPath: '/sys/fs/cgroup/machine.slice/web',
  });
});

test.each(['', '{', '[]', '{"config":3}', '{"init_process_pid":1}', 'null', '\0'])(
  'a state file holding %j is refused, not guessed at',
  (text) => {
    expect(parseRuncState(text, '/r', 'web')).toBeUndefined();
  },
);

test.each([
  [
    '{"linux":{"cgroupsPath":"/x"},"annotations":{"a":"b","c":1}}',
    { cgroupsPath: '/x', annotations: { a: 'b' } },
  ],
  ['{"linux":3,"annotations":[]}', { cgroupsPath: '', annotations: {} }],
])('an OCI spec %j is read as far as it makes sense', (json, value) => {
  expect(parseOciSpec(json, 'c')).toEqual({ ok: true, value });
});

test('a spec that is no JSON object is an error naming the container', () => {
  expect(parseOciSpec('garbage', 'default/web')).toMatchObject({
    ok: false,
    error: { code: 'KA_CRI_SPEC_UNREADABLE', object: 'default/web' },
  });
});

test.each([
  [['runc', 'run', '--bundle', '/b', 'web'], true, '/b'],
  [['/usr/sbin/runc', '--root', '/r', 'create', '--bundle=/c', 'web'], true, '/c'],
  [['runc', 'create', '-b', 'rel', 'web'], true, 'rel'],
  [['runc', 'run', 'web'], true, '.'],
  [['runc', 'run', 'other'], false, '.'],
  [['bash', 'run', 'web'], false, '.'],
])('a runc command line %j is recognised', (words, creating, bundle) => {
  expect(isRuncCreating(words, 'web')).toBe(creating);
  expect(bundleOf(words)).toBe(bundle);
});

describe('a root directory of runc', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'ka-runc-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test('announces a container when its directory appears and again with its process; then its end', async () => {
    const abort = new AbortController();
    const updates = watchRunc({ root: join(root, 'runc'), procfs: '/proc', rescanMs: 50 }, abort.signal);
    const until = async (wanted: (update: RuntimeUpdate) => boolean): Promise<void> => {
      for (;;) {
        const { value } = await updates.next();
        if (value !== undefined && wanted(value)) return;
      }
    };
    await until((update) => update.kind === 'listed' && update.containers.length === 0);
    await mkdir(join(root, 'runc/web'), { recursive: true });
    await until((update) => update.kind === 'listed' && update.containers[0]?.id === 'web');
    await writeFile(join(root, 'runc/web/new'), state(['app=x']));
    await rename(join(root, 'runc/web/new'), join(root, 'runc/web/state.json'));
    await until((update) => update.kind === 'listed' && update.containers[0]?.pid === 7);
    await writeFile(join(root, 'runc/web/state.json'), 'broken');
    await until((update) => update.kind === 'unreadable' && update.error.object === 'web');
    await rm(join(root, 'runc/web'), { recursive: true });
    await until((update) => update.kind === 'listed' && update.containers.length === 0);
    abort.abort();
    expect(await updates.next()).toMatchObject({ done: true });
  });

  test('names, image and labels of a Docker container come from its own record', async () => {
    const id = 'ab'.repeat(32);
    await mkdir(join(root, 'containers', id), { recursive: true });
    await writeFile(
      join(root, 'containers', id, 'config.v2.json'),
      JSON.stringify({ Name: '/shop', Config: { Image: 'nginx:1', Labels: { app: 'x' } } }),
    );
    expect(await readDockerContainer(root, id)).toEqual({
      name: 'shop',
      image: 'nginx:1',
      labels: { app: 'x' },
    });
    expect(await readDockerContainer(root, '../etc')).toBeUndefined();
  });

  test('a cgroup is found through the process and refused when its name is not the awaited one', async () => {
    await mkdir(join(root, 'self'), { recursive: true });
    await mkdir(join(root, '42'), { recursive: true });
    await mkdir(join(root, 'cg/default/web'), { recursive: true });
    await writeFile(
      join(root, 'self/mounts'),
      `proc /proc proc rw 0 0\ncgroup2 ${join(root, 'cg')} cgroup2 rw 0 0\n`,
    );
    await writeFile(join(root, '42/cgroup'), '0::/default/web/sub\n');
    const resolver = new CgroupResolver(root);
    expect(await resolver.resolve(42, ['web'])).toMatchObject({ ok: true });
    expect(await resolver.resolve(42, ['other'])).toMatchObject({
      ok: false,
      error: { reason: 'CgroupUnknown' },
    });
    expect(await resolver.resolve(43, ['web'])).toMatchObject({ ok: false });
    expect(findCgroup2Mount('cgroup /x cgroup rw 0 0')).toBeUndefined();
  });
});
