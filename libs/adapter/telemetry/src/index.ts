export { createLogger } from './logger.ts';
export type { Logger, LoggerOptions } from './logger.ts';
export { Metrics, addProcessMetrics } from './metrics.ts';
export type { MetricFamily, Read, Sample } from './metrics.ts';
