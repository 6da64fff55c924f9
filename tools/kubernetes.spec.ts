import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKubernetes, versionIn } from './kubernetes.ts';

const goMod = readFileSync(join(import.meta.dirname, 'kubernetes/go.mod'), 'utf8');

test('every staging module is of the release that the server reports', () => {
  const [, minor, patch] = versionIn(goMod).slice(1).split('.');
  const replaced = [...goMod.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ (\S+)$/gm)].map(
    ([, version]) => version,
  );
  expect(replaced.length).toBeGreaterThan(30);
  expect(new Set(replaced)).toEqual(new Set([`v0.${minor ?? ''}.${patch ?? ''}`]));
});

describe('KUBEBUILDER_ASSETS', () => {
  const before = process.env['KUBEBUILDER_ASSETS'];
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ka-assets-'));
    process.env['KUBEBUILDER_ASSETS'] = directory;
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
    if (before === undefined) delete process.env['KUBEBUILDER_ASSETS'];
    else process.env['KUBEBUILDER_ASSETS'] = before;
  });
  const put = (name: string, mode: number): void => {
    writeFileSync(join(directory, name), '');
    chmodSync(join(directory, name), mode);
  };

  test('names the folder that is used, and nothing is built', async () => {
    put('etcd', 0o755);
    put('kube-apiserver', 0o755);
    expect(await findKubernetes()).toEqual({ directory });
  });

  test('that lacks a binary is told by what it lacks', async () => {
    put('etcd', 0o755);
    put('kube-apiserver', 0o644);
    expect(await findKubernetes()).toEqual({
      missing: `no kubernetes: KUBEBUILDER_ASSETS is ${directory} without kube-apiserver`,
    });
  });
});
