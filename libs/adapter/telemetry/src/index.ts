export { createLogger } from './logger.ts';
export type { Logger, LoggerOptions } from './logger.ts';
export { Metrics, addProcessMetrics } from './metrics.ts';
export type { Read, Sample } from './metrics.ts';
