import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BootClockSources {
  /** CLOCK_MONOTONIC in nanoseconds. */
  readonly monotonicNs: () => bigint;
  /** Seconds since boot, suspended time included, cut to hundredths. */
  readonly uptimeS: () => number;
  readonly wallMs: () => number;
}

/** Uptime is cut to 10 ms, so a smaller difference to the monotonic clock says nothing. */
const UPTIME_STEP_NS = 15_000_000n;
/** The wall clock is read in milliseconds; what differs by more is a step of it. */
const WALL_STEP_NS = 3_000_000n;
const SLEEP_CHECK_NS = 10_000_000_000n;

/**
 * Wall time of kernel records, which carry CLOCK_BOOTTIME. Node reads that clock only through /proc/uptime, coarsely; it
 * differs from the monotonic one by the time spent suspended, which is nothing on most machines, so then the
 * exact one is taken. Between two records the mapping moves only when a clock was set.
 */
export class BootClock {
  readonly #sources: BootClockSources;
  #offsetNs = 0n;
  #checkedNs = 0n;

  constructor(sources: BootClockSources) {
    this.#sources = sources;
    this.#offsetNs = this.#measure();
    this.#checkedNs = sources.monotonicNs();
  }

  toWallNs(bootNs: bigint): bigint {
    const nowNs = this.#sources.monotonicNs();
    if (nowNs - this.#checkedNs > SLEEP_CHECK_NS) {
      this.#checkedNs = nowNs;
      const measured = this.#measure();
      const drift = measured - this.#offsetNs;
      if (drift > WALL_STEP_NS || drift < -WALL_STEP_NS) this.#offsetNs = measured;
    }
    return bootNs + this.#offsetNs;
  }

  wallNs(): bigint {
    return BigInt(Math.round(this.#sources.wallMs() * 1000)) * 1000n;
  }

  #measure(): bigint {
    const monotonicNs = this.#sources.monotonicNs();
    const uptimeNs = BigInt(Math.round(this.#sources.uptimeS() * 1e9));
    const sleptNs = uptimeNs - monotonicNs;
    const bootNs = sleptNs > UPTIME_STEP_NS ? monotonicNs + sleptNs : monotonicNs;
    return this.wallNs() - bootNs;
  }
}

export function systemBootClock(procfs: string): BootClock {
  return new BootClock({
    monotonicNs: () => process.hrtime.bigint(),
    uptimeS: () => {
      try {
        return Number(readFileSync(join(procfs, 'uptime'), 'utf8').split(' ', 1)[0]);
      } catch {
        return Number(process.hrtime.bigint()) / 1e9;
      }
    },
    wallMs: () => Date.now(),
  });
}
