import type { Clock } from '@kubearmor-ts/life';
import { ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import type { Sink } from '@kubearmor-ts/sink';
import type { KubeAccess } from './reach-kube.ts';

export interface SinkDeps {
  readonly name: string;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** There for the kinds that write to an API server. */
  readonly kube?: KubeAccess;
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
export const made =
  <C>(
    read: (value: unknown, place: string) => Result<C, readonly CodedError[]>,
    create: (config: C, deps: SinkDeps) => Sink,
  ): SinkFactory =>
  (value, place, deps) => {
    const config = read(value, place);
    return config.ok ? ok(create(config.value, deps)) : config;
  };
