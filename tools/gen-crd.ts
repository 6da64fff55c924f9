/**
 * Writes libs/contract/crd/src/generated from libs/contract/crd/schemas. With `--check` it writes nothing and fails when
 * a committed file differs from what it would write.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { crdTypes } from './gen-crd/crd-types.ts';
import { keyShape } from './gen-crd/key-shape.ts';
import { readCrd } from './gen-crd/read-crd.ts';
import { standaloneValidators } from './gen-crd/standalone-validators.ts';

const room = join(import.meta.dirname, '../libs/contract/crd');
const crds = readdirSync(join(room, 'schemas'))
  .sort()
  .map((name) => readCrd(name, parse(readFileSync(join(room, 'schemas', name), 'utf8'))));

const head = '// Written by tools/gen-crd.ts from schemas/*.yaml. Do not edit.\n';
// Policies first: types are named in this order, and two of one shape are one type.
crds.sort((a, b) => Number(isPolicy(b)) - Number(isPolicy(a)));
const facts = crds.filter(isPolicy).map(({ kind, plural, shortName, namespaced }) => ({
  kind,
  plural,
  shortName,
  namespaced,
}));
const files = new Map([
  ['specs.ts', head + crdTypes(crds)],
  [
    'kinds.ts',
    `${head}export const policyKinds = ${JSON.stringify(facts, null, 2)} as const;\n` +
      `export const specShapes = ${JSON.stringify(Object.fromEntries(crds.map((c) => [c.kind, keyShape(c.spec)])))} as const;\n`,
  ],
  ...standaloneValidators(crds).map(([name, text]) => [name, head + text] as const),
]);

const target = join(room, 'src/generated');
const differing: string[] = [];
mkdirSync(target, { recursive: true });
for (const [name, text] of files) {
  const path = join(target, name);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (committed(path) !== text) differing.push(name);
}
if (differing.length > 0) {
  process.stderr.write(
    `libs/contract/crd/src/generated is stale: ${differing.join(', ')}. Run node tools/gen-crd.ts\n`,
  );
  process.exitCode = 1;
}

function isPolicy({ group }: { readonly group: string }): boolean {
  return group === 'security.kubearmor.com';
}

function committed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
