import { createOtlpSink } from '@kubearmor-ts/export-otlp';
import type { Journal } from '@kubearmor-ts/journal';
import type { Clock } from '@kubearmor-ts/life';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { createDeadLetterFile, createSinkRunner } from '@kubearmor-ts/sink';
import type { RecordSource, Sink, SinkRunner } from '@kubearmor-ts/sink';
import type { Logger } from '@kubearmor-ts/telemetry';
import type { OtlpReceiver } from './check-config.ts';
import type { SinkSpec } from './read-sink-spec.ts';
import type { SinkDeps } from './sink-factory.ts';
import { sinkTypes } from './sink-types.ts';

export interface LoadedSink {
  readonly spec: SinkSpec;
  readonly sink: Sink;
}

/** Makes the sinks of the configuration's list; every mistake in their own keys at once. */
export async function loadSinks(
  specs: readonly SinkSpec[],
  deps: Omit<SinkDeps, 'name'>,
): Promise<Result<readonly LoadedSink[], readonly CodedError[]>> {
  const loaded: LoadedSink[] = [];
  const errors: CodedError[] = [];
  for (const spec of specs) {
    const create = await sinkTypes[spec.type]?.();
    const made = create?.(spec.value, spec.place, { ...deps, name: spec.name });
    if (made?.ok === true) loaded.push({ spec, sink: made.value });
    else errors.push(...(made?.error ?? []));
  }
  if (errors.length === 0) return ok(loaded);
  await Promise.all(loaded.map(({ sink }) => sink.close()));
  return fail(errors);
}

/** The receivers given by flags. */
export const sinksOfFlags = (receivers: readonly OtlpReceiver[], clock: Clock): readonly LoadedSink[] =>
  receivers.map(({ name, config }) => ({
    sink: createOtlpSink({ config, clock, env: {} }),
    spec: {
      type: 'otlp',
      name,
      place: `--${name}`,
      value: {},
      filter: {},
      redact: [],
      giveUpAfterMs: 0,
    },
  }));

export interface RunSinksDeps {
  readonly journal: Journal;
  /** What sinks read in place of the journal's own reader. */
  readonly sourceOf?: (source: RecordSource) => RecordSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Each sink reads the journal for itself. */
export function runSinks(
  loaded: readonly LoadedSink[],
  deps: RunSinksDeps,
): Readonly<Record<string, SinkRunner>> {
  const { journal, clock, logger, sourceOf = (source) => source } = deps;
  return Object.fromEntries(
    loaded.map(({ spec, sink }) => {
      const { name, filter, redact, giveUpAfterMs, backoff, deadLetter } = spec;
      const runner = createSinkRunner({
        name,
        sink,
        source: sourceOf(journal.reader(name)),
        clock,
        random: deps.random,
        filter,
        redact,
        giveUpAfterMs,
        drainsOnStop: journal.state.kind === 'memory',
        ...(backoff === undefined ? {} : { backoff }),
        ...(deadLetter === undefined
          ? {}
          : {
              deadLetters: createDeadLetterFile({
                ...deadLetter,
                sink: name,
                wallMs: () => Number(clock.wallNs() / 1_000_000n),
              }),
            }),
        onHealth: (isHealthy, reason) => {
          const fields = { sink: name, target: sink.target };
          if (isHealthy) logger.info(fields, 'sink delivers again');
          else logger.warn({ ...fields, reason }, 'sink cannot deliver');
        },
      });
      return [name, runner];
    }),
  );
}
