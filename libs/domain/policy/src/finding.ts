import type { CodedError } from '@kubearmor-ts/result';
import type { Place } from './rule.ts';

/**
 * Every code this room reports. Codes are stable and searchable; the reason is fit for a Kubernetes condition and
 * `advice` is what the user can do.
 */
export const policyCodes = {
  KA_POLICY_TOO_LARGE: {
    reason: 'InputTooLarge',
    advice: 'Split the input, or raise the limit where it is read.',
  },
  KA_POLICY_NOT_UTF8: { reason: 'InvalidEncoding', advice: 'Save the file as UTF-8.' },
  KA_POLICY_SYNTAX: { reason: 'InvalidSyntax', advice: 'Correct the YAML or JSON at the place named.' },
  KA_POLICY_TOO_DEEP: {
    reason: 'NestingTooDeep',
    advice: 'No policy needs such nesting; check the indentation.',
  },
  KA_POLICY_ALIAS: { reason: 'InvalidAlias', advice: 'Write the value out instead of using a YAML alias.' },
  KA_POLICY_NOT_AN_OBJECT: {
    reason: 'NotAnObject',
    advice: 'A policy is a mapping with apiVersion, kind, metadata, spec.',
  },
  KA_POLICY_OTHER_KIND: {
    reason: 'NotAPolicy',
    advice: 'The document is not a KubeArmor policy and is left alone.',
  },
  KA_POLICY_UNKNOWN_KIND: { reason: 'UnknownKind', advice: 'Correct apiVersion or kind.' },
  KA_POLICY_METADATA: {
    reason: 'InvalidMetadata',
    advice: 'Correct the name, namespace, labels or annotations.',
  },
  KA_POLICY_SCHEMA: {
    reason: 'InvalidSpec',
    advice: 'Correct the value; the API server refuses it as well.',
  },
  KA_POLICY_ACTION: { reason: 'UnknownAction', advice: 'Write Allow, Audit or Block.' },
  KA_POLICY_COMBINATION: {
    reason: 'InvalidCombination',
    advice: 'Separate what cannot stand in one policy.',
  },
  KA_POLICY_TOO_MANY: { reason: 'TooManyRules', advice: 'Split the policy.' },
  KA_POLICY_UNKNOWN_KEY: {
    reason: 'UnknownKey',
    advice: 'The API server removes the key silently; correct or delete it.',
  },
  KA_POLICY_DUPLICATE_KEY: { reason: 'DuplicateKey', advice: 'Merge the two; only the later one counts.' },
  KA_POLICY_NAME: { reason: 'InvalidName', advice: 'Use lower-case letters, digits, - and . only.' },
  KA_POLICY_EMPTY_SELECTOR: { reason: 'EmptySelector', advice: 'Name the workloads the policy is for.' },
  KA_POLICY_NO_RULES: { reason: 'NoRules', advice: 'Check the indentation and the names of the sections.' },
  KA_POLICY_WHITELIST: {
    reason: 'WhitelistMode',
    advice: 'Check that everything the workload needs is allowed too.',
  },
  KA_POLICY_UNREACHABLE: { reason: 'UnreachableRule', advice: 'Delete one of the two rules.' },
  KA_POLICY_GLOB_IN_PATH: { reason: 'GlobInPath', advice: 'Use matchPatterns for globs.' },
  KA_POLICY_PATH_FORM: { reason: 'PathNeverMatches', advice: 'Write the path as the kernel resolves it.' },
  KA_POLICY_PATTERN_FORM: {
    reason: 'PatternNeverMatches',
    advice: 'Patterns are globs over absolute paths.',
  },
  KA_POLICY_COMMAND_LINE: {
    reason: 'PatternIsCommandLine',
    advice: 'Use a path, and allowedArgs for arguments.',
  },
  KA_POLICY_EMPTY_ENTRY: { reason: 'EmptyEntry', advice: 'Complete or delete the entry.' },
  KA_POLICY_ACTION_CASE: { reason: 'ActionCase', advice: 'Write Allow, Audit or Block with a capital.' },
  KA_POLICY_UNKNOWN_WORD: {
    reason: 'UnknownWord',
    advice: 'Correct the name; as it stands it matches nothing.',
  },
  KA_POLICY_ENDPOINT: {
    reason: 'InvalidEndpoint',
    advice: 'Write addresses as 10.0.0.0/8 or fd00::/8, ports as numbers or service names.',
  },
  KA_POLICY_RANGE: { reason: 'OutOfRange', advice: 'Use a value from 1 to 10.' },
  KA_POLICY_WIDER: {
    reason: 'WiderThanStock',
    advice: 'Change it if stock KubeArmor must load the policy too.',
  },
  KA_POLICY_REGEX: { reason: 'InvalidExpression', advice: 'Correct the regular expression.' },
} as const satisfies Readonly<Record<string, { readonly reason: string; readonly advice: string }>>;

export type PolicyCode = keyof typeof policyCodes;

/** Where in the object: keys and list indexes from the root. */
export type Path = readonly (string | number)[];

/** Something to say about one place of a document. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: PolicyCode;
  readonly reason: string;
  readonly message: string;
  /** Like `spec.process.matchPaths[0].path`; '' for the document itself. */
  readonly path: string;
  readonly place?: Place;
}

/** Why a document holds no usable policy: the first error, with all of them in `findings`. */
export interface DocumentError extends CodedError {
  readonly code: PolicyCode;
  readonly findings: readonly Finding[];
}

export function finding(
  severity: Finding['severity'],
  code: PolicyCode,
  message: string,
  path: Path = [],
  place?: Place,
): Finding {
  const where = place === undefined ? {} : { place };
  return { severity, code, reason: policyCodes[code].reason, message, path: formatPath(path), ...where };
}

export function formatPath(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('');
}

export const formatPlace = (place: Place): string =>
  `${place.file === undefined ? '' : `${place.file}:`}${place.line}:${place.column}`;

/** `errors` holds at least one finding. */
export function documentError(errors: readonly [Finding, ...Finding[]], object?: string): DocumentError {
  const [first] = errors;
  const where = first.path === '' ? '' : `${first.path}: `;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return {
    code: first.code,
    reason: first.reason,
    message: `${where}${first.message}${more}`,
    ...(object === undefined ? {} : { object }),
    ...(first.place === undefined ? {} : { place: formatPlace(first.place) }),
    findings: errors,
  };
}
