import { randomBytes } from 'node:crypto';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import {
  ReplayBuffer,
  createGrpcServer,
  createLogFeed,
  eventStreamService,
  logService,
} from '@kubearmor-ts/stream';

const never = new AbortController().signal;

export interface SimulatedAgent {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly replay: ReplayBuffer;
  /** Publishes so many alerts; their `PolicyName` counts them from 0, their `PodName` is the agent's name. */
  publish(count: number): void;
  readonly published: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What a relay sees of an agent, without a kernel behind it: it may go and come back with what it holds. */
export function simulateAgent(
  name: string,
  options: {
    readonly maxBytes?: number;
    readonly dataBytes?: number;
    readonly host?: string;
    readonly port?: number;
  } = {},
): SimulatedAgent {
  const replay = new ReplayBuffer({ streamId: `boot-of-${name}`, maxBytes: options.maxBytes ?? 64 << 20 });
  const feed = createLogFeed({ replay });
  const clock = createRealClock();
  // What would pack well would fill no bound.
  const data = (): string =>
    randomBytes(options.dataBytes ?? 0)
      .toString('base64')
      .slice(0, options.dataBytes ?? 0);
  let server: ReturnType<typeof createGrpcServer> | undefined;
  const host = options.host ?? '127.0.0.1';
  let port = options.port ?? 0;
  let published = 0;
  return {
    name,
    replay,
    get port() {
      return port;
    },
    get address() {
      return `${host}:${String(port)}`;
    },
    get published() {
      return published;
    },
    publish: (count) => {
      for (let left = count; left > 0; left--)
        feed.publishAlert(
          Alert.create({
            PodName: name,
            PolicyName: String(published),
            Source: String(published++),
            Data: data(),
          }),
        );
    },
    start: async () => {
      server = createGrpcServer({
        address: `${host}:${String(port)}`,
        services: [logService(feed), eventStreamService({ buffer: replay, nodeName: () => name, clock })],
      });
      await server.start(never);
      ({ port } = server);
    },
    stop: async () => {
      await server?.stop();
      server = undefined;
    },
  };
}
