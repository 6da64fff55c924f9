/**
 * Writes deploy/: what the charts render at their defaults, for kubectl and kustomize. With `--check` it writes nothing
 * and fails when a committed file differs; without Helm it ends with 77, which counts as skipped.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { plainManifests } from './charts/plain-manifests.ts';
import { buildHelm } from './helm.ts';

const root = join(import.meta.dirname, '..');
const built = await buildHelm();
if ('missing' in built) {
  console.log(built.missing);
  process.exit(77);
}

const stale: string[] = [];
for (const [name, text] of await plainManifests(built.binary)) {
  const path = join(root, 'deploy', name);
  if (committed(path) === text) continue;
  stale.push(relative(root, path));
  if (process.argv.includes('--check')) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
if (process.argv.includes('--check') && stale.length > 0) {
  process.stderr.write(
    `stale: ${stale.join(', ')}. Run node --conditions=ka-source tools/gen-manifests.ts\n`,
  );
  process.exitCode = 1;
}

function committed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
