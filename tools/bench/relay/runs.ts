import { AgentsProcess, answer, ended, forkHere } from './agents-process.ts';
import type { AgentsOrder } from './agents.ts';
import type { ReceiverTold } from './receiver.ts';
import { RelayProcess } from './relay-process.ts';
import type { SubscribersTold } from './subscriber.ts';

/** What one run of the relay came to. */
export interface RelayRun {
  readonly perSecond: number;
  /** Of the relay's process, all its threads. */
  readonly cpuUsEach: number;
  readonly atRestMiB: number;
  readonly highestMiB: number;
  readonly bytesEach: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** By subscribers that were slower than the relay. */
  readonly dropped?: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const mib = (kib: number): number => Math.round(kib / 1024);

/** A flood of batches into the journal; an alert counts when its agent has heard that it is safe. */
export async function fanIn(order: AgentsOrder): Promise<RelayRun> {
  const agents = await AgentsProcess.start(order);
  const relay = await RelayProcess.start(agents.ports, []);
  const atRestMiB = mib(relay.memory.rssKiB);
  const isOver = async (share: number): Promise<number | undefined> => {
    const { acknowledged } = await agents.ask();
    return acknowledged >= order.total * share ? acknowledged : undefined;
  };
  const begun = await markOf(relay, () => isOver(warmUp));
  const done = await markOf(relay, () => isOver(1));
  const { alertBytes } = await agents.ask();
  const { highestKiB } = relay.memory;
  await relay.stop();
  await agents.stop();
  return { ...between(begun, done), atRestMiB, highestMiB: mib(highestKiB), bytesEach: alertBytes };
}

/** The part of a flood that is not measured: agents being dialled, code being compiled. */
const warmUp = 0.2;

interface Mark {
  readonly ms: number;
  readonly cpuUs: number;
  readonly alerts: number;
}

/** The moment when the count is known. */
async function markOf(relay: RelayProcess, count: () => Promise<number | undefined>): Promise<Mark> {
  for (;;) {
    const alerts = await count();
    if (alerts !== undefined) return { ms: performance.now(), cpuUs: relay.cpuUs, alerts };
    await pause(100);
  }
}

const between = (from: Mark, to: Mark): Pick<RelayRun, 'perSecond' | 'cpuUsEach'> => ({
  perSecond: Math.round(((to.alerts - from.alerts) * 1000) / (to.ms - from.ms)),
  cpuUsEach: (to.cpuUs - from.cpuUs) / (to.alerts - from.alerts),
});

export interface SinkOrder extends AgentsOrder {
  readonly compression: 'none' | 'gzip';
}

/** From agents through the journal to an OTLP receiver that only counts. */
export async function toOtlp(order: SinkOrder): Promise<RelayRun> {
  const isTimed = order.are === 'real';
  const agents = await AgentsProcess.start(order);
  const receiver = forkHere('receiver.ts', isTimed ? 'times' : 'counts');
  const { port } = await answer<ReceiverTold>(receiver);
  const relay = await RelayProcess.start(agents.ports, [
    ...['--otlp-http', `http://127.0.0.1:${String(port)}`, '--otlp-compression', order.compression],
  ]);
  const atRestMiB = mib(relay.memory.rssKiB);
  if (order.perSecond > 0) {
    while ((await relay.read('ka_relay_agent_batches')) < order.agents) await pause(20);
    agents.begin();
  }
  const isOver = async (share: number): Promise<number | undefined> => {
    const delivered = await relay.read('ka_relay_sink_delivered_total');
    return delivered >= order.total * share ? delivered : undefined;
  };
  const begun = await markOf(relay, () => isOver(warmUp));
  const done = await markOf(relay, () => isOver(1));
  const { highestKiB } = relay.memory;
  receiver.send('tell');
  const { bytes, delaysMs } = await answer<ReceiverTold>(receiver);
  const sorted = [...delaysMs].sort((a, b) => a - b);
  const percentile = (part: number): number => Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);
  await relay.stop();
  await agents.stop();
  await ended(receiver);
  return {
    ...between(begun, done),
    atRestMiB,
    highestMiB: mib(highestKiB),
    bytesEach: bytes / order.total,
    ...(isTimed ? { p50Ms: percentile(0.5), p99Ms: percentile(0.99) } : {}),
  };
}

/** From agents to clients of the relay's LogService, message by message. */
export async function toSubscribers(order: AgentsOrder, subscribers: number): Promise<RelayRun> {
  const agents = await AgentsProcess.start(order);
  const relay = await RelayProcess.start(agents.ports, []);
  const atRestMiB = mib(relay.memory.rssKiB);
  const clients = forkHere('subscriber.ts', relay.grpc, String(subscribers));
  while ((await relay.read('ka_relay_subscribers')) < subscribers) await pause(20);
  while ((await relay.read('ka_relay_agent_batches')) < order.agents) await pause(20);
  agents.begin();
  const dropped = (): Promise<number> => relay.read('ka_relay_subscriber_dropped_total');
  const isOver = async (share: number): Promise<number | undefined> => {
    clients.send('tell');
    const { received } = await answer<SubscribersTold>(clients);
    const settled = received + (await dropped());
    return settled >= order.total * subscribers * share ? received : undefined;
  };
  const begun = await markOf(relay, () => isOver(warmUp));
  const done = await markOf(relay, () => isOver(1));
  const run = {
    ...between(begun, done),
    atRestMiB,
    highestMiB: mib(relay.memory.highestKiB),
    bytesEach: (await agents.ask()).alertBytes,
    dropped: await dropped(),
  };
  await ended(clients);
  await relay.stop();
  await agents.stop();
  return run;
}
