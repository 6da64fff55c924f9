/**
 * Writes docs/openapi.json from the relay's own tables.
 *
 *   node --conditions=ka-source tools/gen-openapi.ts           writes
 *   node --conditions=ka-source tools/gen-openapi.ts --check   compares
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '@kubearmor-ts/relay-api';
import { format } from 'prettier';

const file = join(import.meta.dirname, '../docs/openapi.json');
const text = await format(JSON.stringify(openApiDocument()), { parser: 'json', printWidth: 110 });
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/openapi.json is stale, run node --conditions=ka-source tools/gen-openapi.ts');
  process.exitCode = 1;
}
