import { createOtlpSink, readOtlpConfig } from '@kubearmor-ts/export-otlp';
import { made } from './sink-factory.ts';
import type { SinkFactory } from './sink-factory.ts';

/** Loaded with the relay: its flags name such receivers too. */
export const otlpSink: SinkFactory = made(readOtlpConfig, (config, { clock, env }) =>
  createOtlpSink({ config, clock, env }),
);
