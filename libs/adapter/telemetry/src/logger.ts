import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly app: string;
  readonly level: string;
  /** 2 for programs whose stdout is data. */
  readonly fd?: 1 | 2;
}

/** JSON lines, written synchronously: the last line before a crash is the one that matters. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { app: options.app },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['*.password', '*.token', '*.authorization', '*.headers'],
    },
    pino.destination({ dest: options.fd ?? 2, sync: true }),
  );
}
