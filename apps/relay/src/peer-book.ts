/** Who an address belongs to. */
export interface PeerName {
  readonly kind: 'Pod' | 'Service';
  readonly namespace: string;
  readonly name: string;
}

/** One pod or service for as long as it is the same one. */
export interface PeerHolder extends PeerName {
  readonly uid: string;
  readonly ips: readonly string[];
  /** Unix milliseconds. */
  readonly sinceMs: number;
}

interface Tenure {
  readonly ip: string;
  readonly holder: PeerHolder;
  readonly sinceMs: number;
  /** Infinity: it still has the address. */
  untilMs: number;
}

export interface PeerBookLimits {
  /** Addresses that somebody has now; those of later holders are left out. */
  readonly maxAddresses: number;
  /** Addresses that somebody had; the first to end go first. */
  readonly maxEnded: number;
  /** How long it is remembered who had an address: events may come late, after an outage. */
  readonly keepMs: number;
}

const defaults: PeerBookLimits = { maxAddresses: 200_000, maxEnded: 20_000, keepMs: 3_600_000 };

/** Clocks of nodes and of the API server differ, and its times are whole seconds. */
const slackMs = 2000;

/**
 * Which pod or service had an address at a time.
 *
 *  1. An address that passed on names whoever had it at the time of the event, and nobody rather than a wrong one
 *     where that is not known any more.
 *  2. What is ended and what is held are bounded; what is left out is counted.
 */
export class PeerBook {
  private readonly limits: PeerBookLimits;
  private readonly byIp = new Map<string, Tenure[]>();
  private readonly current = new Map<string, readonly Tenure[]>();
  /** In the order in which they ended. */
  private readonly ended = new Set<Tenure>();
  private held = 0;
  private left = 0;

  constructor(limits: Partial<PeerBookLimits> = {}) {
    this.limits = { ...defaults, ...limits };
  }

  get counts(): { readonly held: number; readonly ended: number; readonly leftOut: number } {
    return { held: this.held, ended: this.ended.size, leftOut: this.left };
  }

  /** From now on the holder has these addresses and no other. */
  put(holder: PeerHolder, nowMs: number): void {
    const before = this.current.get(holder.uid);
    const isSame =
      before !== undefined &&
      before[0]?.holder.ips.join() === holder.ips.join() &&
      before.every((tenure) => tenure.holder.name === holder.name);
    if (isSame) return;
    this.remove(holder.uid, nowMs);
    // Addresses that it got later than it was made are its own from now on only.
    const sinceMs = before === undefined ? holder.sinceMs : nowMs;
    const tenures: Tenure[] = [];
    for (const ip of holder.ips) {
      if (this.held >= this.limits.maxAddresses) {
        this.left += 1;
        continue;
      }
      const tenure: Tenure = { ip, holder, sinceMs, untilMs: Infinity };
      const list = this.byIp.get(ip);
      if (list === undefined) this.byIp.set(ip, [tenure]);
      else list.push(tenure);
      tenures.push(tenure);
      this.held += 1;
    }
    this.current.set(holder.uid, tenures);
  }

  remove(uid: string, nowMs: number): void {
    for (const tenure of this.current.get(uid) ?? []) {
      tenure.untilMs = nowMs;
      this.held -= 1;
      this.ended.add(tenure);
    }
    this.current.delete(uid);
    this.forget(nowMs);
  }

  at(ip: string, timeMs: number): PeerName | undefined {
    let found: Tenure | undefined;
    for (const tenure of this.byIp.get(ip) ?? []) {
      if (distance(tenure, timeMs) > slackMs) continue;
      const closer = found === undefined ? -1 : distance(tenure, timeMs) - distance(found, timeMs);
      // Where two may have it, the successor was heard of before its predecessor's end was.
      if (closer < 0 || (closer === 0 && tenure.sinceMs >= found!.sinceMs)) found = tenure;
    }
    return found?.holder;
  }

  private forget(nowMs: number): void {
    const { maxEnded, keepMs } = this.limits;
    for (const tenure of this.ended) {
      if (this.ended.size <= maxEnded && tenure.untilMs > nowMs - keepMs) return;
      this.ended.delete(tenure);
      const left = (this.byIp.get(tenure.ip) ?? []).filter((other) => other !== tenure);
      if (left.length === 0) this.byIp.delete(tenure.ip);
      else this.byIp.set(tenure.ip, left);
    }
  }
}

/** 0 within the tenure; how far beside it otherwise. */
const distance = ({ sinceMs, untilMs }: Tenure, timeMs: number): number =>
  Math.max(0, sinceMs - timeMs, timeMs - untilMs);
