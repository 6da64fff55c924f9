import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { CHECKOUT } from './checkout.ts';
import { compileProgram } from './compile-program.ts';
import { ensureFixtureImages } from './images/image-cache.ts';
import type { CachedKernel } from './kernel-cache.ts';

/** What the guest's first job is: a shell command, or the runner with the scenario modules to bundle into it. */
export type Job =
  | { readonly kind: 'shell'; readonly command: string }
  | { readonly kind: 'scenarios'; readonly modules: readonly string[] };

/** The folder a guest reads its job from; it lies in the cache, which the guest sees through the shared root. */
export async function writeRunFolder(
  kernel: CachedKernel,
  cacheDir: string,
  job: Job,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  await mkdir(join(cacheDir, 'runs'), { recursive: true });
  await pruneRuns(join(cacheDir, 'runs'));
  const dir = await mkdtemp(join(cacheDir, 'runs', `${kernel.name}-`));
  const stage2 = await readFile(new URL('./guest/stage2.sh', import.meta.url), 'utf8');
  const words: Readonly<Record<string, string>> = {
    RUN: dir,
    CACHE: cacheDir,
    KERNEL: kernel.name,
    RELEASE: kernel.release,
    MODULES: kernel.modulesDir,
    CHECKOUT,
    IMAGES: await ensureFixtureImages(cacheDir),
  };
  const filled = stage2.replaceAll(/@([A-Z]+)@/g, (whole, word: string) => words[word] ?? whole);
  await writeFile(join(dir, 'stage2.sh'), filled);
  const exports = Object.entries(env).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`,
  );
  await writeFile(join(dir, 'env.sh'), exports.join(''));
  if (job.kind === 'shell') {
    await writeFile(join(dir, 'command.sh'), job.command + '\n');
    await writeFile(join(dir, 'job.sh'), `exec /bin/sh '${dir}/command.sh' </dev/null\n`);
  } else {
    await bundleRunner(dir, job.modules);
    await copyFile(
      await compileProgram(join(CHECKOUT, 'e2e/lab/guest/pty-run.c'), cacheDir, ['-static']),
      join(dir, 'pty-run'),
    );
    await writeFile(join(dir, 'job.sh'), `exec '${nodePath()}' --enable-source-maps '${dir}/runner.mjs'\n`);
  }
  return dir;
}

/** A day is longer than any run: what is older was left by a run that was killed. */
async function pruneRuns(runs: string): Promise<void> {
  const oldest = Date.now() - 24 * 3_600_000;
  for (const name of await readdir(runs)) {
    const place = join(runs, name);
    const { mtimeMs } = await stat(place).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < oldest) await rm(place, { recursive: true, force: true });
  }
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
