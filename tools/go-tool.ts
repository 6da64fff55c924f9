import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findGo } from './go-toolchain.ts';

const run = promisify(execFile);

/**
 * Builds the Go program in tools/<name> once into the cache, named by what it was built from; gives the binary, or why
 * there is none on this machine. `program` is a package of another module that go.mod names as a tool, and then there is
 * no main.go.
 */
export async function buildGoTool(
  name: string,
  program = '.',
): Promise<{ readonly binary: string } | { readonly missing: string }> {
  const source = join(import.meta.dirname, name);
  const hash = createHash('sha256');
  const files = program === '.' ? ['main.go', 'go.mod', 'go.sum'] : ['go.mod', 'go.sum'];
  for (const file of files) hash.update(readFileSync(join(source, file)));
  const cache = process.env['KA_CACHE_DIR'] ?? join(import.meta.dirname, '../.cache');
  const binary = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return { binary };
  const found = await findGo(cache);
  if ('missing' in found) return { missing: `no ${name}: ${found.missing}` };
  mkdirSync(cache, { recursive: true });
  const unfinished = `${binary}.${String(process.pid)}`;
  try {
    await run(
      found.go,
      ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', unfinished, program],
      {
        cwd: source,
        env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'local' },
        maxBuffer: 16 * 1024 * 1024,
      },
    );
  } catch (failure) {
    const text = failure instanceof Error && 'stderr' in failure ? String(failure.stderr) : String(failure);
    return { missing: `no ${name}: go build failed: ${text.trim().split('\n').at(-1) ?? ''}` };
  }
  renameSync(unfinished, binary);
  return { binary };
}
