import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHECKOUT } from './checkout.ts';
import { registeredScenarios } from './scenario.ts';
import type { Scenario } from './scenario.ts';

export interface KnownScenario extends Scenario {
  /** Path of the module that defines it. */
  readonly module: string;
}

/** Every scenario of every `*.e2e.ts` under e2e/, in file and then definition order. */
export async function discoverScenarios(): Promise<readonly KnownScenario[]> {
  const root = join(CHECKOUT, 'e2e');
  const entries = await readdir(root, { recursive: true });
  const modules = entries
    .filter((entry) => entry.endsWith('.e2e.ts') && !entry.includes('node_modules'))
    .sort();
  const known: KnownScenario[] = [];
  for (const entry of modules) {
    const before = new Set(registeredScenarios());
    const module = join(root, entry);
    await import(pathToFileURL(module).href);
    for (const one of registeredScenarios()) if (!before.has(one)) known.push({ ...one, module });
  }
  return known;
}
