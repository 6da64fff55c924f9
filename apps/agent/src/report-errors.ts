import type { CodedError } from '@kubearmor-ts/result';
import type { Logger } from '@kubearmor-ts/telemetry';

const REPEAT_MS = 60_000;
const REMEMBERED_MAX = 2000;

/** The edge where errors are logged, once: the same complaint comes again after a minute, with the number left out. */
export class ErrorReporter {
  readonly byCode = new Map<string, number>();
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #recent = new Map<string, { sinceMs: number; repeats: number }>();

  constructor(logger: Logger, nowMs: () => number) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  readonly report = (error: CodedError): void => {
    this.byCode.set(error.code, (this.byCode.get(error.code) ?? 0) + 1);
    const key = `${error.code} ${error.object ?? ''} ${error.place ?? ''} ${error.code === 'KA_AGENT_EVENT_UNATTRIBUTED' ? '' : error.message}`;
    const nowMs = this.#nowMs();
    const known = this.#recent.get(key);
    if (known !== undefined && nowMs - known.sinceMs < REPEAT_MS) {
      known.repeats += 1;
      return;
    }
    if (this.#recent.size >= REMEMBERED_MAX) this.#recent.clear();
    this.#recent.set(key, { sinceMs: nowMs, repeats: 0 });
    const { code, reason, object, place, message } = error;
    const repeats = known === undefined || known.repeats === 0 ? {} : { repeats: known.repeats };
    this.#logger.warn({ code, reason, object, place, ...repeats }, message);
  };
}
