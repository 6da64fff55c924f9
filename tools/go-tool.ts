import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findGo } from './go-toolchain.ts';

const run = promisify(execFile);

export type GoTool = { readonly binary: string } | { readonly missing: string };

export interface GoToolOptions {
  /** A package of another module that go.mod names as a tool; there is no main.go then. */
  readonly program?: string;
  /** Values of string variables for the linker, by import path and name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Asked before a build and not for a binary that is there: why it must not be tried. */
  readonly objection?: (go: string) => Promise<string | undefined>;
}

/**
 * Builds the Go program in tools/<name> once into the cache, named by what it was built from; gives the binary, or why
 * there is none on this machine. Of several that ask at once, one builds and the others wait for it.
 */
export async function buildGoTool(name: string, options: GoToolOptions = {}): Promise<GoTool> {
  const source = join(import.meta.dirname, name);
  const flags = [
    '-s -w',
    ...Object.entries(options.variables ?? {}).map(([variable, value]) => `-X ${variable}=${value}`),
  ].join(' ');
  const hash = createHash('sha256');
  const program = options.program ?? '.';
  const files = program === '.' ? ['main.go', 'go.mod', 'go.sum'] : ['go.mod', 'go.sum'];
  for (const file of files) hash.update(readFileSync(join(source, file)));
  if (options.variables !== undefined) hash.update(flags);
  const cache = process.env['KA_CACHE_DIR'] ?? join(import.meta.dirname, '../.cache');
  const binary = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return { binary };
  const found = await findGo(cache);
  if ('missing' in found) return { missing: `no ${name}: ${found.missing}` };
  const objection = await options.objection?.(found.go);
  if (objection !== undefined) return { missing: `no ${name}: ${objection}` };
  mkdirSync(cache, { recursive: true });
  try {
    await run(
      'flock',
      [join(cache, `${name}.lock`), 'sh', '-c', buildOnce, 'sh', binary, flags, found.go, program],
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
  return { binary };
}

/** Under the lock: whoever waited finds the binary there. */
const buildOnce = `test -e "$1" && exit
"$3" build -trimpath -buildvcs=false -ldflags "$2" -o "$1.new" "$4" && mv "$1.new" "$1"`;
