import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';

export const SERVICE_ACCOUNT = '/run/secrets/kubernetes.io/serviceaccount';

/** A folder laid out as a kubelet does it: files are links through `..data`, which is swapped at a rotation. */
export function createServiceAccount(dir: string): string {
  rmSync(dir, { recursive: true, force: true });
  const version = '..2026_01_01_00_00_00.000000001';
  mkdirSync(`${dir}/${version}`, { recursive: true });
  symlinkSync(version, `${dir}/..data`);
  for (const [name, content] of [
    ['token', 'fixture-token\n'],
    ['ca.crt', 'fixture-certificate\n'],
    ['namespace', 'default'],
  ] as const) {
    writeFileSync(`${dir}/${version}/${name}`, content);
    symlinkSync(`..data/${name}`, `${dir}/${name}`);
  }
  return dir;
}
