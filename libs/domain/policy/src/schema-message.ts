import type { SchemaViolation } from '@kubearmor-ts/crd';
import type { Path } from './finding.ts';
import { closestWord } from './suggestion.ts';

const forms: Readonly<Record<string, string>> = {
  path: 'a path is absolute and does not end in a slash',
  dir: 'a directory is absolute',
  execname: 'an execname is a file name without slashes',
  protocol:
    'known protocols, in one case: tcp udp raw icmp icmpv6 sctp stream dgram rdm seqpacket dccp packet all',
  capability: 'capabilities are written in lower case, for instance net_raw',
  cidr: 'an address range is an address with an optional length: 10.0.0.0/8, fd00::/8',
  cidrs: 'an address range is an address with an optional length: 10.0.0.0/8, fd00::/8',
  limit: 'a limit is a number with an optional unit: KB, MB, GB, K, M, G',
};

/** The path of a violation below `spec`, with list positions as numbers. */
export function violationPath(violation: SchemaViolation): Path {
  const parts = violation.instancePath.split('/').slice(1).map(unescape);
  return ['spec', ...parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part))];
}

const unescape = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

export function violationMessage(violation: SchemaViolation, value: unknown, path: Path): string {
  const { keyword, params } = violation;
  switch (keyword) {
    case 'required':
      return `${String(params['missingProperty'])} is missing`;
    case 'type':
      return `must be ${withArticle(String(params['type']))}, not ${described(value)}`;
    case 'enum':
      return enumMessage(value, params['allowedValues'] as readonly string[]);
    case 'pattern': {
      const key = path.findLast((part) => typeof part === 'string') ?? '';
      return `${described(value)} does not fit: ${forms[key] ?? `must match ${String(params['pattern'])}`}`;
    }
    case 'maxLength':
      return `is longer than ${String(params['limit'])} characters`;
    case 'maxItems':
      return `has more than ${String(params['limit'])} entries`;
    case 'minimum':
    case 'maximum':
      return `${described(value)} is ${keyword === 'minimum' ? 'below' : 'above'} ${String(params['limit'])}`;
    default:
      return `breaks the rule ${keyword}`;
  }
}

function enumMessage(value: unknown, allowed: readonly string[]): string {
  const near = typeof value === 'string' ? closestWord(value, allowed) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  const listed = allowed.length <= 12 ? ` (${allowed.join(', ')})` : '';
  return `${described(value)} is not a known value${listed}${hint}`;
}

/** A value as far as it fits on a line. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

const articles: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  integer: 'a whole number',
  boolean: 'true or false',
  string: 'a text (put it in quotes)',
};
const withArticle = (type: string): string => articles[type] ?? type;
