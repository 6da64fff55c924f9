/** An IPv4 or IPv6 address: 4 or 16 bytes in network order. */
export type Address = readonly number[];

/** The addresses that share their first `prefix` bits with `bytes`; the other bits of `bytes` are zero. */
export interface AddressRange {
  readonly bytes: Address;
  readonly prefix: number;
}

const MAPPED: Address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** An address in text form; undefined if it is none. An IPv4 address in IPv6 form (`::ffff:10.0.0.1`) is IPv4. */
export function parseAddress(text: string): Address | undefined {
  const bytes = text.includes(':') ? parseSix(text) : parseFour(text);
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address; undefined if it is none. Bits behind the prefix are dropped. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', length, ...rest] = text.trim().split('/');
  const bytes = address.includes(':') ? parseSix(address) : parseFour(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  const whole = 8 * bytes.length;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? whole : Number(length);
  if (prefix > whole) return undefined;
  return prefix >= 96 && isMapped(bytes)
    ? { bytes: masked(bytes.slice(12), prefix - 96), prefix: prefix - 96 }
    : { bytes: masked(bytes, prefix), prefix };
}

export function rangeText({ bytes, prefix }: AddressRange): string {
  return prefix === 8 * bytes.length ? addressText(bytes) : `${addressText(bytes)}/${prefix}`;
}

/** The usual short form: in IPv6 the longest run of two or more zero groups is `::` (RFC 5952). */
export function addressText(bytes: Address): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > best.length) best = { at, length };
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (best.length < 2) return hex(0, 8);
  return `${hex(0, best.at)}::${hex(best.at + best.length, 8)}`;
}

function masked(bytes: Address, prefix: number): Address {
  return bytes.map((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefix - 8 * at));
    return byte & (0xff << (8 - bits)) & 0xff;
  });
}

const isMapped = (bytes: Address): boolean =>
  bytes.length === 16 && MAPPED.every((byte, at) => bytes[at] === byte);

function parseFour(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  // A leading zero is octal to some and decimal to others.
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number);
}

/** An IPv4 tail ends the address: it cannot stand before `::`. */
function parseSix(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length === 2 && halves[0]!.includes('.')) return undefined;
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => parseGroups(half));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

/** Groups of four digits; the last may be an IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    if (at === groups.length - 1 && group.includes('.')) {
      const four = parseFour(group);
      if (four === undefined) return undefined;
      bytes.push(...four);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
