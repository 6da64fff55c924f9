import { compileExpression } from './expression.ts';
import { formatPlace } from './finding.ts';
import type { Path } from './finding.ts';
import type { Reporter } from './meaning.ts';
import { unorchestratedNamespace } from './metadata.ts';
import { isHostnameExpression } from './node-selector.ts';
import type { Policy } from './policy.ts';
import type { Place, Rule, RuleClass } from './rule.ts';
import { described } from './schema-message.ts';
import { containerKey } from './selection.ts';

/** Warns about what a policy as a whole does, or fails to do. `placeOf` rules is their own. */
export function reviewEffect(
  policy: Policy,
  reporter: Reporter,
  warnAt: (place: Place | undefined) => RuleReporter,
): void {
  reviewReach(policy, reporter);
  const isEmpty =
    policy.rules.length === 0 &&
    policy.presets.length === 0 &&
    policy.apparmor.trim() === '' &&
    (policy.firewall?.rules.length ?? 0) === 0;
  if (isEmpty) reporter.warn('KA_POLICY_NO_RULES', 'the policy has no rules and does nothing', ['spec']);
  reviewWhitelists(policy.rules, warnAt);
  reviewShadows(policy.rules, warnAt);
}

export interface RuleReporter {
  warn(code: 'KA_POLICY_WHITELIST' | 'KA_POLICY_UNREACHABLE', message: string): void;
}

function reviewReach({ id, selector, nodeLabels }: Policy, reporter: Reporter): void {
  const labels = Object.keys(selector.matchLabels);
  const isEmpty =
    labels.length === 0 && selector.expressions.length === 0 && selector.container === undefined;
  const path: Path = ['spec', 'selector'];
  if (id.kind === 'KubeArmorPolicy' && isEmpty) {
    reporter.warn(
      'KA_POLICY_EMPTY_SELECTOR',
      `the policy applies to every pod of the namespace ${id.namespace}`,
      path,
    );
  } else if (id.kind === 'KubeArmorClusterPolicy' && isEmpty) {
    reporter.warn('KA_POLICY_EMPTY_SELECTOR', 'the policy applies to every pod of every namespace', path);
  } else if (id.kind === 'KubeArmorHostPolicy' && Object.keys(nodeLabels ?? {}).length === 0) {
    reporter.warn(
      'KA_POLICY_EMPTY_SELECTOR',
      'nodeSelector names no labels, so the policy applies to no node',
      ['spec', 'nodeSelector'],
    );
  }
  if (id.namespace === unorchestratedNamespace && selector.container !== undefined) {
    reviewContainerExpression(selector.container, reporter);
  }
  for (const [key, value] of Object.entries(nodeLabels ?? {})) {
    if (!isHostnameExpression(key) || compileExpression(value.replaceAll('*', '.*')) !== undefined) continue;
    const message = `${described(value)} is not a regular expression, so the policy applies to no node`;
    reporter.warn('KA_POLICY_REGEX', message, ['spec', 'nodeSelector', 'matchLabels', key]);
  }
}

function reviewContainerExpression(text: string, reporter: Reporter): void {
  if (compileExpression(text) !== undefined) return;
  const message = `${described(text)} is not a regular expression, so the policy applies to no container`;
  reporter.warn('KA_POLICY_REGEX', message, ['spec', 'selector', 'matchLabels', containerKey]);
}

const classNames: Readonly<Record<RuleClass, string>> = {
  exec: 'program execution',
  file: 'file access',
  network: 'network use',
  dns: 'name look-ups',
  capability: 'capabilities',
  syscall: 'system calls',
  device: 'devices',
};

function reviewWhitelists(rules: readonly Rule[], warnAt: (place: Place | undefined) => RuleReporter): void {
  const seen = new Set<RuleClass>();
  for (const rule of rules) {
    if (rule.action !== 'Allow' || seen.has(rule.class)) continue;
    seen.add(rule.class);
    const name = classNames[rule.class];
    warnAt(rule.place).warn(
      'KA_POLICY_WHITELIST',
      `an Allow rule puts ${name} on a whitelist: what no rule allows follows the default posture, for all programs of the workload`,
    );
  }
}

/** Rules that differ in nothing but the action compete; Block wins, so the others never act. */
function reviewShadows(rules: readonly Rule[], warnAt: (place: Place | undefined) => RuleReporter): void {
  const blocked = new Map<string, Rule>();
  for (const rule of rules) if (rule.action === 'Block') blocked.set(matchKey(rule), rule);
  if (blocked.size === rules.length) return;
  for (const rule of rules) {
    const winner = rule.action === 'Block' ? undefined : blocked.get(matchKey(rule));
    if (winner === undefined) continue;
    const where = winner.place === undefined ? '' : ` at ${formatPlace(winner.place)}`;
    warnAt(rule.place).warn(
      'KA_POLICY_UNREACHABLE',
      `the ${rule.action} rule never acts: a Block rule${where} matches the same`,
    );
  }
}

const matchKey = (rule: Rule): string =>
  JSON.stringify([
    rule.class,
    rule.pattern,
    rule.source,
    rule.sourceDirectory,
    rule.target,
    rule.device,
    rule.ownerOnly,
    rule.readOnly,
    rule.onlyTerminal,
    rule.allowedArgs,
  ]);
