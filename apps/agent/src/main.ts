import { fileURLToPath } from 'node:url';
import { spawnEnforcer } from '@kubearmor-ts/enforcer';
import { createRealClock, ServiceTree } from '@kubearmor-ts/life';
import { createLogger } from '@kubearmor-ts/telemetry';
import { createAgent } from './app.ts';
import { keepHeapSmall } from './keep-heap-small.ts';
import { helpText, loadConfig } from './load-config.ts';
import { parseAside, serveParsing } from './parse-aside.ts';

const VERSION = 'v0.1.0';

async function main(argv: readonly string[]): Promise<number> {
  if (argv.some((word) => /^--?h(elp)?$/.test(word))) {
    process.stdout.write(helpText());
    return 0;
  }
  const loaded = await loadConfig(argv, process.env);
  if (!loaded.ok) {
    for (const { code, message } of loaded.error) process.stderr.write(`ka-agent: ${code}: ${message}\n`);
    return 2;
  }
  const { config, warnings } = loaded.value;
  const logger = createLogger({ app: 'agent', level: config.logLevel });
  for (const { code, object, message } of warnings) logger.warn({ code, object }, message);
  const binary =
    config.enforcer === '' ? fileURLToPath(new URL('ka-enforcer', import.meta.url)) : config.enforcer;
  const agent = createAgent({
    config,
    logger,
    clock: createRealClock(),
    version: VERSION,
    parsePolicies: parseAside(new URL(import.meta.url)),
    spawnEnforcer: () => spawnEnforcer({ binary, args: ['--pin-dir', `${config.bpfPath}/kubearmor-ts`] }),
  });
  const tree = new ServiceTree('agent', agent.services);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  try {
    await tree.start(stop.signal);
  } catch (cause) {
    logger.error({ code: 'KA_AGENT_START' }, cause instanceof Error ? cause.message : String(cause));
    return 1;
  }
  const { grpc, health, metrics } = agent.ports;
  logger.info({ version: VERSION, grpc, health, metrics, policyDir: config.policyDir }, 'agent serves');
  await new Promise<void>((resolve) => {
    if (stop.signal.aborted) resolve();
    stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await tree.stop();
  logger.info('agent stopped; what is in force stays in force');
  return 0;
}

keepHeapSmall();
if (!serveParsing()) process.exitCode = await main(process.argv.slice(2));
