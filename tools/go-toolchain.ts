import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '1.26.8';
/** Of the archives by Node's name of the architecture. */
const ARCHIVES: Readonly<Record<string, { readonly goArch: string; readonly sha256: string }>> = {
  x64: { goArch: 'amd64', sha256: '30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7' },
};

/** The machine's own go command where it is new enough, else Go's own archive, fetched once into the cache. */
export async function findGo(cache: string): Promise<{ readonly go: string } | { readonly missing: string }> {
  const installed = await installedVersion();
  if (installed !== undefined && isNewEnough(installed)) return { go: 'go' };
  const home = join(cache, `go-${VERSION}`);
  const go = join(home, 'bin/go');
  if (existsSync(go)) return { go };
  try {
    await fetchToolchain(cache, home);
    return { go };
  } catch (failure) {
    const found = installed === undefined ? 'no go command' : `only Go ${installed}`;
    return { missing: `${found}, and Go ${VERSION} cannot be fetched: ${String(failure)}` };
  }
}

async function installedVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run('go', ['env', 'GOVERSION'], {
      env: { ...process.env, GOTOOLCHAIN: 'local' },
    });
    return /^go(\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantMajor = 0, wantMinor = 0] = VERSION.split('.').map(Number);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

/** Toolchains are modules: any module proxy has them. */
async function fetchToolchain(cache: string, home: string): Promise<void> {
  const archive = ARCHIVES[process.arch];
  if (archive === undefined) throw new Error(`no archive is known for ${process.arch}`);
  const name = `v0.0.1-go${VERSION}.linux-${archive.goArch}`;
  const proxy =
    (process.env['GOPROXY'] ?? '').split(/[,|]/).find((one) => /^https?:\/\//.test(one)) ??
    'https://proxy.golang.org';
  const url = `${proxy.replace(/\/$/, '')}/golang.org/toolchain/@v/${name}.zip`;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== archive.sha256) throw new Error(`${url}: its SHA-256 is ${digest}`);

  const unpacked = `${home}.${String(process.pid)}`;
  const file = `${unpacked}.zip`;
  mkdirSync(cache, { recursive: true });
  writeFileSync(file, bytes);
  try {
    await run('unzip', ['-q', file, '-d', unpacked]);
    const root = join(unpacked, `golang.org/toolchain@${name}`);
    // A module's archive can hold neither modes nor a go.mod below its root, which is why these are called _go.mod.
    for (const program of globSync(`${root}/{bin,pkg/tool/*}/*`)) chmodSync(program, 0o755);
    for (const file of globSync(`${root}/**/_go.mod`)) renameSync(file, join(dirname(file), 'go.mod'));
    if (!existsSync(home)) renameSync(root, home);
  } finally {
    rmSync(file, { force: true });
    rmSync(unpacked, { recursive: true, force: true });
  }
}
