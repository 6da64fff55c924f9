import { randomUUID } from 'node:crypto';
import type { Clock } from '@kubearmor-ts/life';
import { ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { toBody } from '@kubearmor-ts/schema-maps';
import type { BodyFormat } from '@kubearmor-ts/schema-maps';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { eventId } from '@kubearmor-ts/sink-net';

export interface SinkDeps {
  readonly name: string;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes a sink of its object in the configuration. `place` names the object for messages: `sinks[2]`. Keys of
 * `sinkRuntimeKeys` are the runtime's and not the sink's business.
 */
export type SinkFactory = (
  value: Readonly<Record<string, unknown>>,
  place: string,
  deps: SinkDeps,
) => Result<Sink, readonly CodedError[]>;

/** A sink whose configuration its own room reads. */
const made =
  <C>(
    read: (value: unknown, place: string) => Result<C, readonly CodedError[]>,
    create: (config: C, deps: SinkDeps) => Sink,
  ): SinkFactory =>
  (value, place, deps) => {
    const config = read(value, place);
    return config.ok ? ok(create(config.value, deps)) : config;
  };

/** Nothing for the sink's own form of KubeArmor's JSON. */
const bodyIn = (format: BodyFormat): ((record: SinkRecord) => string) | undefined =>
  format === 'json' ? undefined : ({ event }) => toBody(format, event, eventId(event));

const withBody = (format: BodyFormat): { readonly toBody?: (record: SinkRecord) => string } => {
  const body = bodyIn(format);
  return body === undefined ? {} : { toBody: body };
};

/** Kinds of sink that the configuration's list may name. A kind's code is loaded when it is used. */
export const sinkTypes: Readonly<Record<string, () => Promise<SinkFactory>>> = {
  'otlp-http': async () => (await import('./otlp-sink-config.ts')).otlpHttpSink,
  'otlp-grpc': async () => (await import('./otlp-sink-config.ts')).otlpGrpcSink,
  otlp: async () => {
    const { createOtlpSink, readOtlpConfig } = await import('@kubearmor-ts/export-otlp');
    return made(readOtlpConfig, (config, { clock, env }) => createOtlpSink({ config, clock, env }));
  },
  syslog: async () => {
    const { createSyslogSink, readSyslogConfig } = await import('@kubearmor-ts/sink-syslog');
    return made(readSyslogConfig, (config, { clock }) => createSyslogSink({ config, clock }));
  },
  splunk: async () => {
    const { createSplunkSink, readSplunkConfig } = await import('@kubearmor-ts/sink-splunk');
    return made(readSplunkConfig, (config, { clock, env }) =>
      createSplunkSink({ config, clock, env, channel: randomUUID(), ...withBody(config.format) }),
    );
  },
  elastic: async () => {
    const { createElasticSink, readElasticConfig } = await import('@kubearmor-ts/sink-elastic');
    return made(readElasticConfig, (config, { clock, env }) => {
      const toDocument = bodyIn(config.format);
      return createElasticSink({
        config,
        clock,
        env,
        ...(toDocument === undefined ? {} : { toDocument }),
      });
    });
  },
  kafka: async () => {
    const { createKafkaSink, readKafkaConfig } = await import('@kubearmor-ts/sink-kafka');
    return made(readKafkaConfig, (config, { clock, env }) =>
      createKafkaSink({ config, clock, env, ...withBody(config.format) }),
    );
  },
  loki: async () => {
    const { createLokiSink, readLokiConfig } = await import('@kubearmor-ts/sink-loki');
    return made(readLokiConfig, (config, { clock, env }) =>
      createLokiSink({ config, clock, env, ...withBody(config.format) }),
    );
  },
  webhook: async () => {
    const { createWebhookSink, readWebhookConfig } = await import('@kubearmor-ts/sink-webhook');
    return made(readWebhookConfig, (config, { clock, env }) => createWebhookSink({ config, clock, env }));
  },
  file: async () => {
    const { createFileSink, readFileConfig } = await import('@kubearmor-ts/sink-file');
    return made(readFileConfig, (config, { clock }) => createFileSink({ config, clock }));
  },
  stdout: async () => {
    const { createStdoutSink, readStdoutConfig } = await import('@kubearmor-ts/sink-file');
    return made(readStdoutConfig, (config, { clock }) =>
      createStdoutSink({ config, clock, output: process.stdout }),
    );
  },
};
