import { createParser, createProfileLoader, type ParserEnd, type ProfileHost } from './index.ts';

const host = (more: Partial<ProfileHost> = {}): ProfileHost => ({
  run: createParser(),
  readProfiles: () => Promise.resolve(''),
  parserArguments: [
    '--policy-features',
    '/etc/apparmor.d/abi/3.0',
    '--kernel-features',
    '/etc/apparmor.d/abi/3.0',
  ],
  ...more,
});

test('a good profile passes the real parser', async () => {
  const text = 'profile "kubearmor_web" {\n  file,\n}\n';
  expect(await createProfileLoader(host()).check({ name: 'kubearmor_web', text })).toEqual({
    ok: true,
    value: undefined,
  });
});

test('a refused profile is named with the line that the parser stumbled over', async () => {
  const text = 'profile "kubearmor_web" {\n  file,\n  nonsense here\n}\n';
  expect(await createProfileLoader(host()).check({ name: 'kubearmor_web', text })).toMatchObject({
    ok: false,
    error: {
      code: 'KA_APPARMOR_PROFILE_REFUSED',
      object: 'AppArmor profile kubearmor_web',
      line: 3,
      place: 'line 3',
    },
  });
});

test('a parser that hangs is killed and said to have taken too long', async () => {
  const run = createParser({ command: 'cat', timeoutMs: 50 });
  const stuck: ProfileHost['run'] = (_, text, signal) => run(['/dev/zero'], text, signal);
  expect(
    await createProfileLoader(host({ run: stuck })).load({ name: 'kubearmor_web', text: '' }),
  ).toMatchObject({
    error: { code: 'KA_APPARMOR_PARSER_TIMEOUT' },
  });
});

test('a node without the parser is told so', async () => {
  const run = createParser({ command: '/nonexistent/apparmor_parser', timeoutMs: 1000 });
  expect(await createProfileLoader(host({ run })).load({ name: 'kubearmor_web', text: '' })).toMatchObject({
    error: { code: 'KA_APPARMOR_PARSER_MISSING' },
  });
});

test.each([
  'docker-default',
  'unconfined',
  'cri-containerd.apparmor.d',
  'crio-default',
  '',
  'kubearmor_x"y',
  '/usr/bin/man',
])('the profile "%s" of somebody else is neither loaded nor removed', async (name) => {
  const run = (): Promise<ParserEnd> => Promise.reject(new Error('must not run'));
  const loader = createProfileLoader(host({ run }));
  expect(await loader.load({ name, text: '' })).toMatchObject({ error: { code: 'KA_APPARMOR_NOT_OURS' } });
  expect(await loader.remove(name)).toMatchObject({ error: { code: 'KA_APPARMOR_NOT_OURS' } });
});

test('a sweep removes our unused profiles, whole, and leaves the rest', async () => {
  const removed: string[] = [];
  const run = (args: readonly string[], text: string): Promise<ParserEnd> => {
    removed.push(`${args[0]} ${text.split('\n')[0]}`);
    return Promise.resolve({
      kind: 'exit',
      status: text.includes('stuck') ? 1 : 0,
      output: 'no such profile',
    });
  };
  const readProfiles = (): Promise<string> =>
    Promise.resolve(
      [
        'docker-default (enforce)',
        'kubearmor-shop-web-nginx (enforce)',
        'kubearmor_old (enforce)',
        'kubearmor_old//bincat (enforce)',
        'kubearmor_stuck (complain)',
        'my (odd) profile (enforce)',
        'garbage',
        '',
      ].join('\n'),
    );
  const loader = createProfileLoader(host({ run, readProfiles }));
  expect(await loader.list()).toMatchObject({
    ok: true,
    value: { length: 6, 5: { name: 'my (odd) profile', mode: 'enforce' } },
  });
  expect(await loader.sweep(new Set(['kubearmor-shop-web-nginx']))).toMatchObject({
    ok: true,
    value: {
      removed: ['kubearmor_old'],
      failed: [{ code: 'KA_APPARMOR_PROFILE_REFUSED', object: 'AppArmor profile kubearmor_stuck' }],
    },
  });
  expect(removed).toEqual(['--remove profile "kubearmor_old" {', '--remove profile "kubearmor_stuck" {']);
});

test('a list that cannot be read is an error and nothing is swept', async () => {
  const loader = createProfileLoader(host({ readProfiles: () => Promise.reject(new Error('EACCES')) }));
  expect(await loader.sweep(new Set())).toMatchObject({
    ok: false,
    error: { code: 'KA_APPARMOR_LIST_UNREADABLE' },
  });
});
