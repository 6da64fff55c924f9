import type { Finding, Path, PolicyCode } from './finding.ts';
import type { LooseMeaning } from './loose-spec.ts';
import type { Action, Place } from './rule.ts';
import { described } from './schema-message.ts';

/** How to say something about a place while a spec is read. */
export interface Reporter {
  warn(code: PolicyCode, message: string, path: Path): void;
  error(code: PolicyCode, message: string, path: Path): void;
  /** Adds a finding whose place is not that of a path. */
  add(found: Finding): void;
  placeOf(path: Path): Place | undefined;
  readonly findings: readonly Finding[];
}

/** The four values that an entry inherits from its section and the section from the policy, each on its own. */
export interface Meaning {
  readonly severity: number;
  readonly tags: readonly string[];
  readonly message: string;
  /** Absent as long as no level names one. */
  readonly action?: Action;
}

export const noMeaning: Meaning = { severity: 0, tags: [], message: '' };

/** What `own` says, and where it says nothing, what it is nested in says. Lists of tags replace, they do not merge. */
export function inherit(own: Meaning, outer: Meaning): Meaning {
  const action = own.action ?? outer.action;
  return {
    severity: own.severity === 0 ? outer.severity : own.severity,
    tags: own.tags.length === 0 ? outer.tags : own.tags,
    message: own.message === '' ? outer.message : own.message,
    ...(action === undefined ? {} : { action }),
  };
}

/** The values written at one level. `isSpec` because agents have always accepted lower-case actions there and only there. */
export function readMeaning(
  loose: LooseMeaning | undefined,
  path: Path,
  reporter: Reporter,
  isSpec = false,
): Meaning {
  const action = readAction(loose?.action, [...path, 'action'], reporter, isSpec);
  return {
    severity: readSeverity(loose?.severity, [...path, 'severity'], reporter),
    tags: loose?.tags ?? [],
    message: loose?.message ?? '',
    ...(action === undefined ? {} : { action }),
  };
}

const actions: Readonly<Record<string, Action>> = { allow: 'Allow', audit: 'Audit', block: 'Block' };

export function readAction(
  text: string | undefined,
  path: Path,
  reporter: Reporter,
  isSpec: boolean,
): Action | undefined {
  if (text === undefined || text === '') return undefined;
  const action = Object.hasOwn(actions, text.toLowerCase()) ? actions[text.toLowerCase()] : undefined;
  if (action === undefined) {
    reporter.error('KA_POLICY_ACTION', `${described(text)} is not an action (Allow, Audit, Block)`, path);
  } else if (action !== text && !isSpec) {
    reporter.warn(
      'KA_POLICY_ACTION_CASE',
      `${described(text)} is read as ${action}; other agents ignore it here`,
      path,
    );
  }
  return action;
}

function readSeverity(severity: number | undefined, path: Path, reporter: Reporter): number {
  if (severity === undefined || severity === 0) return 0;
  if (severity >= 1 && severity <= 10) return severity;
  reporter.warn('KA_POLICY_RANGE', `${severity} is not a severity from 1 to 10`, path);
  return severity < 1 ? 0 : 10;
}
