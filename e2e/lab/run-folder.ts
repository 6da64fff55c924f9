import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { LabError } from './errors.ts';
import type { CachedKernel } from './kernel-cache.ts';

const run = promisify(execFile);

export const CHECKOUT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

export function defaultCacheDir(): string {
  return resolve(process.env['KA_CACHE_DIR'] ?? join(CHECKOUT, '.cache/lab'));
}

/** What the guest's first job is: a shell command, or the runner with the scenario modules to bundle into it. */
export type Job =
  | { readonly kind: 'shell'; readonly command: string }
  | { readonly kind: 'scenarios'; readonly modules: readonly string[] };

/** The folder a guest reads its job from; it lies in the cache, which the guest sees through the shared root. */
export async function writeRunFolder(kernel: CachedKernel, cacheDir: string, job: Job): Promise<string> {
  await mkdir(join(cacheDir, 'runs'), { recursive: true });
  const dir = await mkdtemp(join(cacheDir, 'runs', `${kernel.name}-`));
  const stage2 = await readFile(new URL('./guest/stage2.sh', import.meta.url), 'utf8');
  const words: Readonly<Record<string, string>> = {
    RUN: dir,
    CACHE: cacheDir,
    KERNEL: kernel.name,
    RELEASE: kernel.release,
    MODULES: kernel.modulesDir,
    CHECKOUT,
  };
  const filled = stage2.replaceAll(/@([A-Z]+)@/g, (whole, word: string) => words[word] ?? whole);
  await writeFile(join(dir, 'stage2.sh'), filled);
  if (job.kind === 'shell') {
    await writeFile(join(dir, 'command.sh'), job.command + '\n');
    await writeFile(join(dir, 'job.sh'), `exec /bin/sh '${dir}/command.sh' </dev/null\n`);
  } else {
    await bundleRunner(dir, job.modules);
    await copyFile(await compilePtyRun(cacheDir), join(dir, 'pty-run'));
    await writeFile(join(dir, 'job.sh'), `exec '${nodePath()}' --enable-source-maps '${dir}/runner.mjs'\n`);
  }
  return dir;
}

/** The checkout's own Node, by its real path: symlinks cost look-ups over virtiofs. */
export function nodePath(): string {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const own = join(CHECKOUT, `node_modules/node-linux-${arch}/bin/node`);
  return existsSync(own) ? own : process.execPath;
}

/** One file for the guest: loading many small modules over virtiofs under TCG would cost seconds. */
async function bundleRunner(dir: string, modules: readonly string[]): Promise<void> {
  const imports = modules.map((module) => `import ${JSON.stringify(module)};`).join('\n');
  const runner = join(CHECKOUT, 'e2e/lab/guest/runner.ts');
  await build({
    stdin: {
      contents: `${imports}\nimport { serveControlPort } from ${JSON.stringify(runner)};\nprocess.exit(await serveControlPort());\n`,
      resolveDir: CHECKOUT,
      loader: 'ts',
    },
    outfile: join(dir, 'runner.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['ka-source'],
    // CommonJS packages inside an ESM bundle ask for `require`; paths in the bundle are the run folder's.
    banner: {
      js: "import { createRequire as kaRequire } from 'node:module'; const require = kaRequire(import.meta.url); const __dirname = import.meta.dirname; const __filename = import.meta.filename;",
    },
    sourcemap: 'inline',
    logLevel: 'error',
  });
}

async function compilePtyRun(cacheDir: string): Promise<string> {
  return compileProgram(join(CHECKOUT, 'e2e/lab/guest/pty-run.c'), cacheDir, ['-static']);
}

/** Compiles one C file for the guest; the result is cached by content. */
export async function compileProgram(source: string, cacheDir: string, flags: readonly string[]): Promise<string> {
  const key = createHash('sha256').update(await readFile(source)).update(flags.join(' ')).digest('hex').slice(0, 16);
  const name = relative(CHECKOUT, source).replaceAll(/[^\w]+/g, '-');
  const place = join(cacheDir, 'programs', `${name}-${key}`);
  if (existsSync(place)) return place;
  await mkdir(join(cacheDir, 'programs'), { recursive: true });
  const draft = `${place}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', ...flags, '-o', draft, source]);
  } catch (error) {
    throw new LabError('KA_LAB_COMPILE', `${source}: ${error instanceof Error ? error.message : String(error)}`);
  }
  await rename(draft, place);
  return place;
}
