/**
 * Bundles every app that has a `src/main.ts` into `dist/<app>.mjs`. A bundle needs Node and, if it serves gRPC health or
 * reflection, `dist/proto` beside it; nothing else is to be installed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');

/**
 * CommonJS dependencies inside the bundle ask for built-in modules through `require`, and those that read a proto file
 * look for it two folders above their own.
 */
const banner = [
  `import { createRequire as kaCreateRequire } from 'node:module';`,
  `const require = kaCreateRequire(import.meta.url);`,
  `const __dirname = import.meta.dirname + '/node/module';`,
].join('\n');

const protoFiles = [
  ['grpc-health-check/proto', 'health/v1/health.proto'],
  ['@grpc/reflection/build/proto', 'grpc/reflection/v1/reflection.proto'],
  ['@grpc/reflection/build/proto', 'grpc/reflection/v1alpha/reflection.proto'],
] as const;

/**
 * The Kubernetes client's modules only declare, which its package.json does not say; told so, the bundler leaves out the
 * generated classes that nobody names: 15 MB of them.
 */
const clientNode: Plugin = {
  name: 'client-node declares only',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      const isInside = path === '@kubernetes/client-node' || importer.includes('/@kubernetes/client-node/');
      if (!isInside || pluginData === clientNode.name) return undefined;
      const found = await resolve(path, { importer, kind, resolveDir, pluginData: clientNode.name });
      return found.path.includes('/@kubernetes/client-node/') ? { ...found, sideEffects: false } : found;
    });
  },
};

const wanted = process.argv.slice(2);
const apps = readdirSync(join(root, 'apps'))
  .filter((app) => existsSync(join(root, 'apps', app, 'src/main.ts')))
  .filter((app) => wanted.length === 0 || wanted.includes(app));

for (const [from, name] of protoFiles) {
  await mkdir(join(out, 'proto', dirname(name)), { recursive: true });
  await copyFile(join(root, 'node_modules', from, name), join(out, 'proto', name));
}
for (const app of apps) {
  const { metafile } = await build({
    entryPoints: [join(root, 'apps', app, 'src/main.ts')],
    outfile: join(out, `${app}.mjs`),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['ka-source'],
    minifySyntax: true,
    legalComments: 'none',
    sourcemap: 'external',
    metafile: true,
    banner: { js: banner },
    absWorkingDir: root,
    plugins: [clientNode],
    logLevel: 'warning',
  });
  /* The bill of materials of the bundle. */
  await writeFile(join(out, `${app}.meta.json`), JSON.stringify(metafile));
  const bytes = metafile.outputs[`dist/${app}.mjs`]?.bytes ?? 0;
  process.stdout.write(`dist/${app}.mjs ${String(Math.round(bytes / 1024))} KiB\n`);
}
