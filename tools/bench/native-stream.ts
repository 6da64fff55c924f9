import { NativeAgent, Subscriber } from './native-agent.ts';
import { cpuUsOf, memoryOf, type Memory } from './process-memory.ts';

export interface StreamRun {
  readonly produced: number;
  readonly delivered: number;
  /** Between kernel and agent, and by a subscriber slower than its queue is long. */
  readonly lostBefore: number;
  readonly lostBehind: number;
  readonly seconds: number;
  readonly agentCpuUs: number;
  readonly clientCpuUs: number;
  readonly atRest: Memory;
  readonly afterwards: Memory;
}

/** One agent, one subscriber in another process, so many records. Rejects unless every record is accounted for. */
export async function runStream(records: number, rate: number, rules = 10): Promise<StreamRun> {
  const agent = await NativeAgent.start({ records, rate, rules });
  const subscriber = new Subscriber(agent.grpc);
  try {
    await agent.until(
      'the subscriber',
      async () => (await agent.metric('ka_agent_alerts_subscribers')) === 1,
    );
    const atRest = memoryOf(agent.pid);
    const cpuBefore = cpuUsOf(agent.pid);
    const start = process.hrtime.bigint();
    agent.trigger();
    const counts = { received: 0, lost: 0, dropped: 0 };
    await agent.until('every record to be accounted for', async () => {
      counts.received = await agent.metric('ka_agent_events_received_total');
      counts.lost = await agent.metric('ka_agent_events_lost_total');
      if (counts.received + counts.lost < records) return false;
      counts.dropped = await agent.metric('ka_agent_alerts_dropped_total');
      const published = await agent.metric('ka_agent_alerts_published_total');
      const { alerts, lossMessages } = subscriber.counted;
      return alerts + lossMessages + counts.dropped === published;
    });
    const agentCpuUs = cpuUsOf(agent.pid) - cpuBefore;
    const { alerts, lossMessages, lost, lastNs, cpuUs } = subscriber.counted;
    const droppedAlerts = counts.received - alerts;
    if (counts.received + counts.lost !== records)
      throw new Error(
        `${records} records produced, ${counts.received} received, ${counts.lost} counted as lost`,
      );
    if (counts.dropped === 0 && lost !== counts.lost)
      throw new Error(
        `${counts.lost} records lost, the subscriber was told of ${lost} in ${lossMessages} messages`,
      );
    return {
      produced: records,
      delivered: alerts,
      lostBefore: counts.lost,
      lostBehind: droppedAlerts,
      seconds: Number(BigInt(lastNs) - start) / 1e9,
      agentCpuUs,
      clientCpuUs: cpuUs,
      atRest,
      afterwards: memoryOf(agent.pid),
    };
  } finally {
    await subscriber.stop();
    await agent.stop();
  }
}
