import { orderRules, sha256, type PlanInput } from '@kubearmor-ts/plan';
import type { PolicyId, Preset, Rule } from '@kubearmor-ts/policy';
import { fail, ok, type CodedError, type Result } from '@kubearmor-ts/result';
import { capabilityLines } from './capability-lines.ts';
import { Conditions, type Condition } from './condition.ts';
import { apparmorErrors } from './errors.ts';
import { mentionNetwork, networkLines } from './network-lines.ts';
import {
  execClassLines,
  fileClassLines,
  pathClass,
  readPathRules,
  rulesFor,
  sourceRegion,
} from './path-lines.ts';
import { childNames } from './profile-name.ts';
import type { ProfileBody } from './profile-text.ts';
import { profileText } from './profile-text.ts';
import { readRawLines, type RawText } from './raw-lines.ts';
import { Relations } from './relation.ts';
import { wordClass } from './word-decision.ts';

/** What decides a workload's profile: the plan's input, and what plans do not have. */
export interface ProfileInput extends PlanInput {
  readonly presets?: readonly { readonly policy: PolicyId; readonly preset: Preset }[];
  readonly raw?: readonly RawText[];
  /** Has any capability more than usual; such containers mount and trace. */
  readonly isPrivileged: boolean;
  /** The kernel refuses to change profiles on exec; sources then cannot have their own. */
  readonly noNewPrivileges: boolean;
}

export interface ProfileLimits {
  readonly rules: number;
  readonly sources: number;
  readonly textBytes: number;
}

/** The kernel compiles no profile; the parser does, and takes seconds beyond these. */
export const PROFILE_LIMITS: ProfileLimits = { rules: 5_000, sources: 64, textBytes: 4 * 1024 * 1024 };

/** A workload's profile, still without a name. */
export interface Profile {
  /** 16 hexadecimal digits: equal texts have equal ones. */
  readonly hash: string;
  readonly body: ProfileBody;
  readonly conditions: readonly Condition[];
}

/** The profile of a workload as a projection of its rules. Equal inputs in any order of rules give equal text. */
export function projectProfile(
  input: ProfileInput,
  limits: ProfileLimits = PROFILE_LIMITS,
): Result<Profile, CodedError> {
  const conditions = new Conditions();
  const ordered = input.mode === 'disabled' ? [] : orderRules(input.rules);
  if (ordered.length > limits.rules)
    return refused(
      'KA_APPARMOR_TOO_MANY_RULES',
      `${ordered.length} rules bear on one workload, AppArmor profiles take ${limits.rules}`,
    );
  mentionOthers(input, ordered, conditions);
  const rules = withReachableSources(ordered, input, conditions);
  const paths = [...new Set(rules.flatMap(({ source }) => source ?? []))].sort();
  if (paths.length > limits.sources)
    return refused(
      'KA_APPARMOR_TOO_MANY_SOURCES',
      `the rules name ${paths.length} source executables, AppArmor profiles take ${limits.sources}`,
    );
  const body = writeBody(input, ordered, rules, paths, conditions);
  const text = profileText(body, { name: '' });
  if (text.length > limits.textBytes)
    return refused(
      'KA_APPARMOR_TOO_LARGE',
      `the profile would be ${text.length} bytes long, the limit is ${limits.textBytes}`,
    );
  return ok({ hash: hashText(text), body, conditions: conditions.list });
}

function writeBody(
  { postures, mode, isPrivileged, raw = [] }: ProfileInput,
  ordered: readonly Rule[],
  rules: readonly Rule[],
  paths: readonly string[],
  conditions: Conditions,
): ProfileBody {
  const relations = new Relations();
  // A whitelist is one whether or not its rules can be written down.
  const exec = pathClass(
    readPathRules(rules, 'exec', conditions),
    ordered.filter((rule) => rule.class === 'exec'),
    postures.file,
    mode,
    conditions,
  );
  const file = pathClass(
    readPathRules(rules, 'file', conditions),
    ordered.filter((rule) => rule.class === 'file'),
    postures.file,
    mode,
    conditions,
  );
  const network = {
    ...wordClass(ordered, 'network', postures.network, mode),
    rules: rules.filter((rule) => rule.class === 'network'),
  };
  const capability = {
    ...wordClass(ordered, 'capability', postures.capabilities, mode),
    rules: rules.filter((rule) => rule.class === 'capability'),
  };
  mentionNetwork(network.rules, conditions);
  mentionUnreported(ordered, network.isOpen, capability.isOpen, conditions);
  const names = childNames(paths);
  const linesOf = (source: string | undefined) => (name: string) => {
    const home = source === undefined ? 'ix' : `px -> "${name}"`;
    const toSources = paths.map((path) => ({ path, mode: `px -> "${name}//${names.get(path)}"` }));
    return execClassLines(rulesFor(exec, source), { toSources, elsewhere: home }, relations, conditions);
  };
  const shared = (source: string | undefined): readonly string[] => [
    ...fileClassLines(rulesFor(file, source), relations, conditions),
    ...networkLines(network, source),
    ...capabilityLines(capability, source),
  ];
  // The conditions of exec lines come from writing them once.
  for (const source of [undefined, ...paths]) linesOf(source)('');
  return {
    isPrivileged,
    raw: readRawLines(raw, conditions),
    main: { lines: shared(undefined), execLines: linesOf(undefined) },
    children: paths.map((path) => ({
      name: names.get(path)!,
      source: path,
      lines: shared(path),
      execLines: linesOf(path),
    })),
  };
}

/** Leaves out the rules whose source no profile can stand for. */
function withReachableSources(
  rules: readonly Rule[],
  { noNewPrivileges }: ProfileInput,
  conditions: Conditions,
): readonly Rule[] {
  return rules.filter((rule) => {
    if (rule.source === undefined || !isExpressible(rule)) return isExpressible(rule);
    if (sourceRegion(rule.source) === undefined) {
      conditions.rule(
        rule,
        'SourceNeverMatches',
        'NotEnforced',
        'no program can have the path of its source',
      );
      return false;
    }
    if (noNewPrivileges) {
      const message =
        'the container runs without new privileges, and the kernel then changes no profile when a source program starts; set allowPrivilegeEscalation or leave fromSource out';
      conditions.rule(rule, 'SourceNeedsPrivileges', 'NotEnforced', message);
      return false;
    }
    const message =
      'a source counts once it is executed by its own path: not as the first program of a container or an exec session, nor as the interpreter of a script';
    conditions.policy(rule, 'SourceEnteredByExec', 'Weaker', message);
    return true;
  });
}

const isExpressible = ({ class: cls }: Rule): boolean =>
  cls === 'exec' || cls === 'file' || cls === 'network' || cls === 'capability';

function mentionOthers(
  { presets = [], mode }: ProfileInput,
  rules: readonly Rule[],
  conditions: Conditions,
): void {
  for (const rule of rules) {
    if (!isExpressible(rule))
      conditions.rule(
        rule,
        'ClassNotExpressible',
        'NotEnforced',
        `AppArmor has no rules of class ${rule.class}`,
      );
    else if (rule.class === 'capability' && rule.onlyTerminal)
      conditions.rule(rule, 'TerminalUnknown', 'Weaker', 'AppArmor does not know who has a terminal');
  }
  if (mode === 'disabled') return;
  for (const { policy, preset } of presets) {
    const message = `AppArmor cannot enforce the preset ${preset.name}`;
    const place = preset.place === undefined ? {} : { place: preset.place };
    conditions.add({ policy, reason: 'PresetNotExpressible', effect: 'NotEnforced', message, ...place });
  }
}

function mentionUnreported(
  rules: readonly Rule[],
  networkIsOpen: boolean,
  capabilityIsOpen: boolean,
  conditions: Conditions,
): void {
  for (const rule of rules) {
    if (rule.action !== 'Allow') continue;
    if ((rule.class === 'network' && networkIsOpen) || (rule.class === 'capability' && capabilityIsOpen)) {
      const message = `AppArmor cannot report what it does not refuse, so what no ${rule.class} rule covers passes without a report`;
      conditions.policy(rule, 'PostureUnreported', 'Unreported', message);
    }
  }
}

function hashText(text: string): string {
  const digest = sha256(new TextEncoder().encode(text)).subarray(0, 8);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function refused(code: keyof typeof apparmorErrors, message: string): Result<never, CodedError> {
  return fail({ code, reason: apparmorErrors[code], message });
}
