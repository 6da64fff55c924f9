/** What AppArmor decided: `DENIED` refused, `AUDIT` passed and was reported, `ALLOWED` passed in complain mode. */
export type AuditVerdict = 'DENIED' | 'AUDIT' | 'ALLOWED';

/** One access that the kernel reported, in the kernel's words. */
export interface AuditRecord {
  readonly verdict: AuditVerdict;
  /** Milliseconds since the epoch, and the record's number; both from `audit(…)`. */
  readonly timeMs: number;
  readonly serial: number;
  readonly operation: string;
  readonly profile: string;
  /** Bytes: a path need not be text. */
  readonly name?: Uint8Array;
  readonly pid?: number;
  readonly comm?: Uint8Array;
  readonly requested: string;
  readonly denied: string;
  readonly fsuid?: number;
  readonly ouid?: number;
  readonly family?: string;
  readonly socketType?: string;
  readonly capability?: string;
}

/** The kernel writes no longer lines (AUDIT_BUFSIZ grows, names are at most 4 KiB and doubled in hexadecimal). */
const MAX_LINE = 32 * 1024;

/** Reads a line of the kernel's log or of auditd; undefined when it is no AppArmor decision about an access. */
export function parseAuditLine(line: string): AuditRecord | undefined {
  if (line.length > MAX_LINE || !line.includes('apparmor=')) return undefined;
  const head = /type=(?:1400|1107|AVC)\b.*?audit\((\d{1,12})\.(\d{3}):(\d{1,12})\):\s*/.exec(line);
  if (head === null) return undefined;
  const fields = readFields(line.slice(head.index + head[0].length));
  const verdict = textOf(fields, 'apparmor');
  if (verdict !== 'DENIED' && verdict !== 'AUDIT' && verdict !== 'ALLOWED') return undefined;
  const profile = textOf(fields, 'profile');
  if (profile === undefined) return undefined;
  return {
    verdict,
    timeMs: Number(head[1]) * 1000 + Number(head[2]),
    serial: Number(head[3]),
    operation: textOf(fields, 'operation') ?? '',
    profile,
    requested: textOf(fields, 'requested_mask') ?? textOf(fields, 'requested') ?? '',
    denied: textOf(fields, 'denied_mask') ?? textOf(fields, 'denied') ?? '',
    ...present('name', bytesOf(fields, 'name')),
    ...present('comm', bytesOf(fields, 'comm')),
    ...present('pid', numberOf(fields, 'pid')),
    ...present('fsuid', numberOf(fields, 'fsuid')),
    ...present('ouid', numberOf(fields, 'ouid')),
    ...present('family', textOf(fields, 'family')),
    ...present('socketType', textOf(fields, 'sock_type')),
    ...present('capability', textOf(fields, 'capname')),
  };
}

type Fields = ReadonlyMap<string, string>;

/** Values as they stand, quotes included: only a bare one can be hexadecimal (audit_log_untrustedstring). */
function readFields(text: string): Fields {
  const fields = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/([a-z_]+)=("[^"]*"|[^\s"]+)/g)) {
    // The first one counts: names could be made to look like later fields.
    if (!fields.has(key!)) fields.set(key!, value!);
  }
  return fields;
}

function bytesOf(fields: Fields, key: string): Uint8Array | undefined {
  const value = fields.get(key);
  if (value === undefined) return undefined;
  if (value.startsWith('"')) return new TextEncoder().encode(value.slice(1, -1));
  if (!/^(?:[0-9A-Fa-f]{2})+$/.test(value)) return undefined;
  return Uint8Array.from(value.match(/../g)!, (digits) => Number.parseInt(digits, 16));
}

function textOf(fields: Fields, key: string): string | undefined {
  const bytes = bytesOf(fields, key);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

function numberOf(fields: Fields, key: string): number | undefined {
  const value = fields.get(key);
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

const present = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
