import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { configHelp, parseConfig } from '@kubearmor-ts/config';
import { createRealClock } from '@kubearmor-ts/life';
import type { CodedError } from '@kubearmor-ts/result';
import { serveSummaryStore } from '@kubearmor-ts/summary-store';
import { createLogger } from '@kubearmor-ts/telemetry';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';
import { loadSinks } from './load-sinks.ts';
import { reachKube } from './reach-kube.ts';
import { readConfigFile } from './read-config-file.ts';

const usage = `relay: collects the streams of agents and hands them on\n\n${configHelp(relayConfigTable)}\n\n  --config FILE, env KA_RELAY_CONFIG\n      JSON object with the file keys above\n`;

function refuse(errors: readonly CodedError[]): number {
  for (const error of errors) process.stderr.write(`${error.code} ${error.message}\n`);
  return 2;
}

/**
 * Under load the engine lets the space for new objects grow to 128 MiB, which saves little here: what lives longer than a
 * moment is one batch for each sink. The flag is read whenever that space would grow.
 */
const smallYoungSpace = '--semi-space-growth-factor=1';

async function main(argv: readonly string[]): Promise<number> {
  if (argv.some((word) => /^--?(help|h)$/.test(word))) {
    process.stdout.write(usage);
    return 0;
  }
  setFlagsFromString(smallYoungSpace);
  const file = readConfigFile(argv, process.env, (name) => readFileSync(name, 'utf8'));
  if (!file.ok) return refuse([file.error]);
  const parsed = parseConfig(relayConfigTable, { ...file.value, env: process.env });
  if (!parsed.ok) return refuse(parsed.error);
  const targets = checkConfig(parsed.value);
  if (!targets.ok) return refuse(targets.error);

  const clock = createRealClock();
  const reached = targets.value.needsKube ? await reachKube(parsed.value, clock) : undefined;
  if (reached?.ok === false) return refuse(reached.error);
  const kube = reached?.value;
  const sinks = await loadSinks(targets.value.sinks, {
    clock,
    env: process.env,
    ...(kube === undefined ? {} : { kube }),
  });
  if (!sinks.ok) {
    kube?.close();
    return refuse(sinks.error);
  }
  const logger = createLogger({ app: 'relay', level: parsed.value.logLevel });
  const relay = createRelay({
    config: parsed.value,
    targets: targets.value,
    clock,
    sinks: sinks.value,
    ...(kube === undefined ? {} : { kube }),
    hostName: hostname(),
    env: process.env,
    random: Math.random,
    output: process.stdout,
    logger,
    // A bundle is one file, which is then the store's thread too.
    ...(import.meta.url.endsWith('.ts') ? {} : { storeEntry: new URL(import.meta.url) }),
  });
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  // The reader of stdout going away is not a reason to stop serving the others.
  process.stdout.on('error', (cause) => logger.warn({ reason: cause.message }, 'stdout is closed'));
  await relay.start(stopping.signal);
  logger.info(
    {
      grpcPort: relay.grpc.port,
      opsPort: relay.ops.port,
      apiPort: relay.api?.port,
      agents: targets.value.agents.map(({ word }) => word),
    },
    'relay serves',
  );
  if (!stopping.signal.aborted)
    await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
  await relay.stop();
  kube?.close();
  logger.info('relay stopped');
  return 0;
}

if (!serveSummaryStore()) {
  process.exitCode = await main(process.argv.slice(2)).catch((failure: unknown) => {
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
    return 1;
  });
}
