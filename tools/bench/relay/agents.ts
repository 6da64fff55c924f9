/**
 * The agents of a relay's bench, all in one process: tells its parent their ports, then does as it is told.
 *
 * Those of a flood send batches that were made before: the agents' own work is that of as many machines, and is not what
 * is measured. Real ones encode each alert when it is due, and it goes the way of an agent's.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { createRealClock } from '@kubearmor-ts/life';
import {
  Alert,
  Batch,
  StreamEventsResponse,
  encodeBatch,
  encodeBatchResponse,
  noCursor,
} from '@kubearmor-ts/proto';
import type { StreamEventsRequest } from '@kubearmor-ts/proto';
import {
  ReplayBuffer,
  createGrpcServer,
  createLogFeed,
  eventStreamService,
  logService,
  rawEventStreamDefinition,
} from '@kubearmor-ts/stream';
import type { GrpcService } from '@kubearmor-ts/stream';
import { alertOf } from './alerts.ts';

export interface AgentsOrder {
  readonly agents: number;
  /** Alerts in all. */
  readonly total: number;
  readonly are: 'flooding' | 'real';
  /** 0: as fast as it is taken. */
  readonly perSecond: number;
  readonly packing: 'plain' | 'zstd';
}

/** Twice a second, and at the end. */
export interface AgentsTold {
  readonly ports?: readonly number[];
  readonly sent: number;
  readonly acknowledged: number;
  readonly cpuUs: number;
  /** Of one alert, encoded; and of a batch as it is sent. */
  readonly alertBytes: number;
  readonly batchBytes: number;
}

type Call = ServerDuplexStream<StreamEventsRequest, Buffer>;

/** What an agent puts into one, packed and plain. */
const alertsOfBatch = { zstd: 256, plain: 80 } as const;
const clock = createRealClock();
const never = new AbortController().signal;

interface Agent {
  readonly service: GrpcService;
  sent(): number;
  acknowledged(): number;
  publish(alert: Alert): void;
  /** Sends what it may by now, of those that flood. */
  pump(): void;
}

/** Events of several batches, as they are on the wire. */
function madeBefore(packing: AgentsOrder['packing']): readonly Buffer[] {
  return Array.from({ length: 16 }, (_, agent) => {
    const events = Array.from({ length: alertsOfBatch[packing] }, (_, serial) => ({
      kind: 'alerts' as const,
      payload: Buffer.from(Alert.encode(alertOf(agent, serial)).finish()),
    }));
    const bytes = encodeBatch({ streamId: '', first: noCursor, missed: noCursor, events }, packing);
    return bytes;
  });
}

/** Batches each agent may have sent by now. */
let allowance = Infinity;

function floodingAgent(index: number, batches: number, alerts: number, bodies: readonly Buffer[]): Agent {
  const streamId = `boot-${String(index)}`;
  let next = 1;
  let sent = 0;
  let acknowledged = 0;
  let pump = (): void => undefined;
  const open = (call: Call): void => {
    let isDraining = false;
    pump = () => {
      while (!isDraining && sent < Math.min(batches, allowance)) {
        sent += 1;
        const first = { ...noCursor, alerts: next };
        const head = Batch.encode(Batch.create({ stream_id: streamId, first })).finish();
        const body = bodies[(index + next) % bodies.length]!;
        next += alerts;
        // Protobuf messages that follow one another are one message; the last one to name a field is right.
        if (call.write(encodeBatchResponse(Buffer.concat([body, head])))) continue;
        isDraining = true;
        call.once('drain', () => {
          isDraining = false;
          pump();
        });
      }
    };
    call.on('data', ({ request }: StreamEventsRequest) => {
      if (request?.$case === 'resume') pump();
      else if (request?.$case === 'ack') acknowledged = request.value.through?.alerts ?? 0;
    });
    call.on('error', () => undefined);
    const value = { stream_id: streamId, node_name: `node-${String(index)}` };
    call.write(Buffer.from(StreamEventsResponse.encode({ response: { $case: 'hello', value } }).finish()));
  };
  return {
    service: {
      name: 'kubearmor_ts.stream.v1.EventStreamService',
      definition: rawEventStreamDefinition,
      implementation: { streamEvents: open },
    },
    sent: () => next - 1,
    acknowledged: () => acknowledged,
    publish: () => undefined,
    pump: () => pump(),
  };
}

function realAgent(index: number): Agent {
  const replay = new ReplayBuffer({ streamId: `boot-${String(index)}`, maxBytes: 64 << 20 });
  const feed = createLogFeed({ replay });
  return {
    service: eventStreamService({ buffer: replay, nodeName: () => `node-${String(index)}`, clock }),
    sent: () => replay.counts().published.alerts,
    acknowledged: () => replay.counts().published.alerts - replay.counts().held.alerts,
    publish: (alert) => feed.publishAlert(alert),
    pump: () => undefined,
  };
}

async function pace(agents: readonly Agent[], { total, perSecond }: AgentsOrder): Promise<void> {
  const startMs = performance.now();
  for (let sent = 0; sent < total;) {
    const allowed = Math.min(total, ((performance.now() - startMs) / 1000) * perSecond);
    for (; sent < allowed; sent++) {
      const index = sent % agents.length;
      const at = (performance.timeOrigin + performance.now()).toFixed(3);
      agents[index]!.publish(alertOf(index, sent, `ka-at=${at}`));
    }
    await clock.sleep(2, never);
  }
}

/** Lets batches go at the rate of their alerts. */
async function paceFlood(
  agents: readonly Agent[],
  { perSecond, packing, total }: AgentsOrder,
): Promise<void> {
  const startMs = performance.now();
  const most = total / agents.length / alertsOfBatch[packing];
  while (allowance < most) {
    const alerts = ((performance.now() - startMs) / 1000) * perSecond;
    const batches = alerts / alertsOfBatch[packing];
    // One agent after the other, not all of them at once.
    for (const [index, agent] of agents.entries()) {
      allowance = Math.floor((batches + index) / agents.length);
      agent.pump();
    }
    await clock.sleep(5, never);
  }
  allowance = Infinity;
  for (const agent of agents) agent.pump();
}

async function main(order: AgentsOrder): Promise<void> {
  const isFlood = order.are === 'flooding';
  if (isFlood && order.perSecond > 0) allowance = 0;
  const bodies = madeBefore(order.packing);
  const alerts = alertsOfBatch[order.packing];
  const batches = Math.ceil(order.total / order.agents / alerts);
  const agents = Array.from({ length: order.agents }, (_, index) =>
    isFlood ? floodingAgent(index, batches, alerts, bodies) : realAgent(index),
  );
  const ports: number[] = [];
  for (const agent of agents) {
    const server = createGrpcServer({
      address: '127.0.0.1:0',
      services: [logService(createLogFeed()), agent.service],
    });
    await server.start(never);
    ports.push(server.port);
  }
  const tell = (more: Pick<AgentsTold, 'ports'> = {}): void => {
    const { user, system } = process.cpuUsage();
    process.send?.({
      ...more,
      sent: agents.reduce((sum, agent) => sum + agent.sent(), 0),
      acknowledged: agents.reduce((sum, agent) => sum + agent.acknowledged(), 0),
      cpuUs: user + system,
      alertBytes: Alert.encode(alertOf(1, 1)).finish().length,
      batchBytes: bodies[0]!.length,
    } satisfies AgentsTold);
  };
  process.once('disconnect', () => process.exit(0));
  process.on('message', (word) => {
    if (word === 'begin') void (isFlood ? paceFlood : pace)(agents, order);
    else tell();
  });
  tell({ ports });
}

await main(JSON.parse(process.argv[2] ?? '{}') as AgentsOrder);
