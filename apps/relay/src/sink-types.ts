import type { Clock } from '@kubearmor-ts/life';
import type { CodedError, Result } from '@kubearmor-ts/result';
import type { Sink } from '@kubearmor-ts/sink';

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

/** Kinds of sink that the configuration's list may name. A kind's code is loaded when it is used. */
export const sinkTypes: Readonly<Record<string, () => Promise<SinkFactory>>> = {
  'otlp-http': async () => (await import('./otlp-sink-config.ts')).otlpHttpSink,
  'otlp-grpc': async () => (await import('./otlp-sink-config.ts')).otlpGrpcSink,
};
