import { capabilityWords, type Pattern, type Posture, type Rule } from '@kubearmor-ts/policy';
import type { Access, Verdict } from './decide.ts';
import type { PlanInput } from './enforcement-plan.ts';
import { naiveMatchesSocket, naiveSpecificity } from './naive-network.testing.ts';

/*
 * The meaning of a rule set, written for reading and not for speed, with nothing of the compiler in it: every rule is
 * tried on its own, the precedence is compared, the flags are applied. Tests hold the tables against it.
 */

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const bytesOf = (text: string): string => latin1(new TextEncoder().encode(text));

/** A well-formed AppArmor glob as a regular expression over one character per byte. */
export function globToRegExp(glob: string): RegExp {
  const text = bytesOf(glob);
  let source = '';
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') source += quote(text[++i]!);
    else if (char === '?') source += '[^/]';
    else if (char === '*') {
      let end = i;
      while (text[end] === '*') end += 1;
      if (text[i - 1] === '/' && (end === text.length || text[end] === '/')) source += '[^/]';
      source += end - i > 1 ? '[^]*' : '[^/]*';
      i = end - 1;
    } else if (char === '[') {
      let set = '';
      for (i += 1; text[i] !== ']'; i++) {
        if (text[i] === '\\') set += `\\x${hex(text[++i]!)}`;
        else if (text[i] === '-' || (text[i] === '^' && set === '')) set += text[i];
        else set += `\\x${hex(text[i]!)}`;
      }
      source += `[${set}]`;
    } else if (char === '{') {
      depth += 1;
      source += '(?:';
    } else if (char === '}') {
      depth -= 1;
      source += ')';
    } else if (char === ',' && depth > 0) source += '|';
    else source += quote(char);
  }
  return new RegExp(`^(?:${source})$`);
}

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, '0');
const quote = (char: string): string => `\\x${hex(char)}`;

export function naiveMatches(pattern: Pattern, pathBytes: Uint8Array): boolean {
  const path = latin1(pathBytes);
  switch (pattern.kind) {
    case 'exact':
      return path === bytesOf(pattern.path);
    case 'directory': {
      const dir = bytesOf(pattern.dir);
      if (path !== '' && `${path}/` === dir) return true;
      if (!path.startsWith(dir)) return false;
      return pattern.recursive || !path.slice(dir.length).includes('/');
    }
    case 'glob':
      return globToRegExp(pattern.glob).test(path);
    case 'execname':
      return path.endsWith(`/${bytesOf(pattern.name)}`);
    case 'endpoint':
      return false;
    case 'word':
      return capabilityWords.some(
        (word, number) => word === pattern.word && path === String.fromCharCode(number + 1),
      );
  }
}

/** Whether the rule refuses (Block, Allow) or fires (Audit) on this access to an object it matches. */
export function naiveRefuses(
  rule: Rule,
  { owner, write, tty }: Pick<Access, 'owner' | 'write' | 'tty'>,
): boolean {
  const hasList = rule.class === 'exec' && rule.action === 'Block' && rule.allowedArgs !== undefined;
  const flagged = !hasList && (rule.ownerOnly || rule.readOnly);
  const mayOwner = rule.ownerOnly ? owner : true;
  const mayWrite = rule.readOnly ? !write : true;
  if (rule.action === 'Allow') {
    if (rule.onlyTerminal && tty) return true;
    return flagged ? !(mayOwner && mayWrite) : false;
  }
  if (rule.onlyTerminal && !tty) return false;
  return flagged ? !(mayOwner && mayWrite) : true;
}

/** Whether a Block rule with allowedArgs lets the run pass: its flags permit the caller and its list every argument. */
function naivePermitsArguments(rule: Rule, { owner, args }: Access): boolean {
  if (rule.class !== 'exec' || rule.action !== 'Block' || rule.allowedArgs === undefined) return false;
  if (args === undefined || (rule.ownerOnly && !owner)) return false;
  const list = rule.allowedArgs.map(bytesOf);
  const [name, ...rest] = args.map(latin1);
  if (name === undefined) return false;
  return (rest.length === 0 ? [name] : rest).every((argument) => list.includes(argument));
}

/** Positive when `a` goes before `b`; 0 when only their content tells them apart. */
export function naivePrecedence(a: Rule, b: Rule): number {
  const weights = (rule: Rule): number[] => {
    const kind = rule.pattern.kind === 'exact' ? 2 : rule.pattern.kind === 'directory' ? 0 : 1;
    const depth = rule.pattern.kind === 'directory' ? rule.pattern.dir.length : 0;
    const own = rule.pattern.kind === 'directory' && !rule.pattern.recursive ? 1 : 0;
    let refused = 0;
    for (const owner of [true, false]) {
      for (const write of [true, false])
        for (const tty of [true, false]) if (naiveRefuses(rule, { owner, write, tty })) refused += 1;
    }
    const isLenient = rule.class === 'exec' && rule.action === 'Block' && rule.allowedArgs !== undefined;
    return [
      rule.source === undefined ? 0 : 1,
      ...naiveSpecificity(rule),
      kind,
      depth,
      own,
      ['Allow', 'Audit', 'Block'].indexOf(rule.action),
      refused - (isLenient ? 0.5 : 0),
    ];
  };
  const left = weights(a);
  const right = weights(b);
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return 0;
}

function naivePosture({ postures }: PlanInput, access: Access): Posture {
  if (access.class === 'capability') return postures.capabilities;
  return access.class === 'network' ? postures.network : postures.file;
}

/** `order` settles what precedence leaves open: later ones go before. */
export function naiveDecide(
  input: PlanInput,
  order: readonly (Rule | undefined)[],
  access: Access,
): { verdict: Verdict; rule: Rule | undefined } {
  if (input.mode === 'disabled') return { verdict: 'none', rule: undefined };
  const ofClass = input.rules.filter((rule) => rule.class === access.class);
  const place = new Map(order.map((rule, at) => [rule, at]));
  const before = (a: Rule, b: Rule): number => naivePrecedence(b, a) || place.get(b)! - place.get(a)!;
  const matching = ofClass
    .filter(
      (rule) =>
        rule.source === undefined ||
        (access.source !== undefined && latin1(access.source) === bytesOf(rule.source)),
    )
    .filter((rule) =>
      access.class === 'network'
        ? naiveMatchesSocket(rule, latin1(access.path))
        : naiveMatches(rule.pattern, access.path),
    )
    .sort(before);
  const decider = matching.find((rule) => rule.action !== 'Audit');
  const auditor = matching.find((rule) => rule.action === 'Audit' && naiveRefuses(rule, access));
  const denied: Verdict = input.mode === 'audited' ? 'report' : 'block';
  let verdict: Verdict = 'none';
  if (decider !== undefined)
    verdict = naiveRefuses(decider, access) && !naivePermitsArguments(decider, access) ? denied : 'allow';
  else if (ofClass.some((rule) => rule.action === 'Allow'))
    verdict = naivePosture(input, access) === 'block' ? denied : 'report';
  if (verdict === 'block') return { verdict, rule: decider };
  if (auditor !== undefined && (decider === undefined || before(auditor, decider) < 0))
    return { verdict: 'audit', rule: auditor };
  return { verdict, rule: decider };
}
