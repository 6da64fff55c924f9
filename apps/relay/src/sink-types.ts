import { randomUUID } from 'node:crypto';
import { toBody } from '@kubearmor-ts/schema-maps';
import type { BodyFormat } from '@kubearmor-ts/schema-maps';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { eventId } from '@kubearmor-ts/sink-net';
import { otlpSink } from './otlp-sink.ts';
import { createReportStore } from './report-store.ts';
import { made } from './sink-factory.ts';
import type { SinkFactory } from './sink-factory.ts';

/** Nothing for the sink's own form of KubeArmor's JSON. */
const bodyIn = (format: BodyFormat): ((record: SinkRecord) => string) | undefined =>
  format === 'json' ? undefined : ({ event }) => toBody(format, event, eventId(event));

const withBody = (format: BodyFormat): { readonly toBody?: (record: SinkRecord) => string } => {
  const body = bodyIn(format);
  return body === undefined ? {} : { toBody: body };
};

/** Kinds of sink that the configuration's list may name. A kind's code is loaded when it is used. */
export const sinkTypes: Readonly<Record<string, () => Promise<SinkFactory>>> = {
  otlp: () => Promise.resolve(otlpSink),
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
  'policy-report': async () => {
    const { createPolicyReportSink, readPolicyReportConfig } = await import('@kubearmor-ts/policy-report');
    return made(readPolicyReportConfig, (config, { kube, name }) => {
      if (kube === undefined) throw new Error(`${name} needs an API server`);
      return createPolicyReportSink({ config, store: createReportStore(kube) });
    });
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
