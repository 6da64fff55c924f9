import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CHECKOUT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

export function defaultCacheDir(): string {
  return resolve(process.env['KA_CACHE_DIR'] ?? join(CHECKOUT, '.cache/lab'));
}
