import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './test/run.ts';

/**
 * eslint with the module-boundary rule really on: the rule reads the project graph from a cache and silently
 * skips itself where there is none, so the graph is made first and a skipped rule is an error.
 */
const env = { NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_CACHE_PROJECT_GRAPH: 'true', FORCE_COLOR: '0' };
const graph = await run('node', ['node_modules/nx/dist/bin/nx.js', 'show', 'projects', '--json'], { env });
if (graph.code !== 0) {
  console.error(`the project graph cannot be made:\n${graph.output}`);
  process.exit(1);
}
const untagged = ['apps', 'libs/core', 'libs/contract', 'libs/domain', 'libs/adapter', 'libs/testing']
  .flatMap((shelf) => (existsSync(shelf) ? readdirSync(shelf).map((room) => join(shelf, room)) : []))
  .filter((room) => !existsSync(join(room, 'package.json')));
for (const room of untagged) console.error(`${room}: a room without a package.json has no layer`);

const lint = await run('node', ['node_modules/eslint/bin/eslint.js', '.', ...process.argv.slice(2)], { env });
process.stdout.write(lint.output);
if (lint.output.includes('The rule will be skipped')) {
  console.error('the module-boundary rule was skipped: no project graph');
  process.exit(1);
}
process.exit(untagged.length > 0 ? 1 : lint.code);
