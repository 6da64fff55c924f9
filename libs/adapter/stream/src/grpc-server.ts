import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Service } from '@kubearmor-ts/life';
import { StreamError } from './errors.ts';
import { reflectionPackage } from './reflection-package.ts';

/** A service ready to be added to a server. */
export interface GrpcService {
  /** `package.Service`, as reflection and health know it. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** Ends the streams it holds open. */
  readonly close?: () => void;
}

export interface GrpcServerOptions {
  /** `host:port`, `[::]:port` or `unix:/path`; port 0 takes a free one. */
  readonly address: string;
  readonly services: readonly GrpcService[];
  /** Plaintext when absent. */
  readonly credentials?: ServerCredentials;
  /** Serves the reflection protocol for the listed services. */
  readonly reflection?: boolean;
  /** grpc.health.v1 with SERVING for these names and for the empty one. */
  readonly healthOf?: readonly string[];
}

export interface GrpcServer extends Service {
  /** The port in use, once started; 0 for unix sockets. */
  readonly port: number;
}

/** Streams have no natural end; peers get this long to hear that theirs has ended. */
const graceMs = 500;

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  // Failures reach the caller as errors; the library would print them a second time.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    // Finds peers that vanished without a word; pings are allowed without streams because clients idle between calls.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.enable_channelz': 0,
  });
  let port = 0;
  return {
    name: `gRPC server on ${options.address}`,
    get port() {
      return port;
    },
    async start() {
      for (const service of options.services) server.addService(service.definition, service.implementation);
      if (options.healthOf !== undefined) {
        const { HealthImplementation } = await import('grpc-health-check');
        const names = ['', ...options.healthOf];
        new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'SERVING']))).addToServer(
          server,
        );
      }
      if (options.reflection === true) {
        const { ReflectionService } = await import('@grpc/reflection');
        const names = options.services.map((service) => service.name);
        new ReflectionService(reflectionPackage(), { services: names }).addToServer(server);
      }
      port = await bind(server, options.address, options.credentials ?? ServerCredentials.createInsecure());
    },
    async stop() {
      for (const service of options.services) service.close?.();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, graceMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (failure, port) => {
      if (failure === null) resolve(port);
      else reject(new StreamError('KA_STREAM_LISTEN', address, failure.message, failure));
    });
  });
}
