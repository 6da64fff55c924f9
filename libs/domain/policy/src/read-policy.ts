/** An object of any origin to a policy: prune as the API server does, validate, inherit, normalise, review. */
import { policyGroup, policyKinds, policyVersion, schemaViolations } from '@kubearmor-ts/crd';
import type { Strictness } from '@kubearmor-ts/crd';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { documentError, finding } from './finding.ts';
import type { DocumentError, Finding, Path } from './finding.ts';
import { checkFirewallCombination, readFirewall } from './firewall.ts';
import { defaultLimits } from './limits.ts';
import type { ParseLimits } from './limits.ts';
import { nowhere } from './located-value.ts';
import type { Locator } from './located-value.ts';
import type { LooseSpec } from './loose-spec.ts';
import { readAction, readMeaning } from './meaning.ts';
import type { Meaning, Reporter } from './meaning.ts';
import { readIdentity } from './metadata.ts';
import type { Identity } from './metadata.ts';
import { policyTitle } from './policy.ts';
import type { PodSelector, Policy, Preset } from './policy.ts';
import { pruneSpec, reportUnknownTopKeys } from './prune.ts';
import { reviewEffect } from './review-effect.ts';
import { reviewTexts } from './review-texts.ts';
import type { PolicyKind } from './rule.ts';
import { described, violationMessage, violationPath } from './schema-message.ts';
import { containerKey } from './selection.ts';
import { readRules } from './spec-rules.ts';
import { closestWord } from './suggestion.ts';
import { isRecord } from './yaml-value.ts';

export interface ReadOptions {
  /** `crd` (default): what the API server accepts; `lenient`: policies delivered as files or over gRPC. */
  readonly strictness?: Strictness;
  /** Replaces the namespace of namespaced kinds, for policies outside Kubernetes. */
  readonly forceNamespace?: string;
  readonly limits?: Partial<ParseLimits>;
}

export interface PolicyReading {
  readonly result: Result<Policy, DocumentError>;
  readonly warnings: readonly Finding[];
}

/** Reads an object that already is data, for instance from the API server; findings then carry paths and no places. */
export function readPolicy(
  object: unknown,
  options: ReadOptions = {},
  locator: Locator = nowhere,
): PolicyReading {
  const limits = { ...defaultLimits, ...options.limits };
  const reporter = createReporter(locator, limits.maxFindings);
  const policy = read(object, options, limits, locator, reporter);
  const { findings } = reporter;
  const errors = findings.filter((f) => f.severity === 'error');
  const warnings = findings.filter((f) => f.severity === 'warning');
  const [first, ...others] = errors;
  if (first !== undefined)
    return { result: fail(documentError([first, ...others], titleOf(object))), warnings };
  if (policy === undefined) throw new Error('a policy was refused without an error');
  return { result: ok(policy), warnings };
}

function read(
  object: unknown,
  { strictness = 'crd', forceNamespace }: ReadOptions,
  limits: ParseLimits,
  locator: Locator,
  reporter: Reporter & { atKey: Reporter['warn'] },
): Policy | undefined {
  const kind = readKind(object, reporter);
  if (kind === undefined || !isRecord(object)) return undefined;
  const identity = readIdentity(kind, object['metadata'], forceNamespace, reporter);
  reportUnknownTopKeys(object, kind, ({ path, message }) =>
    reporter.atKey('KA_POLICY_UNKNOWN_KEY', message, path),
  );
  const pruned = pruneSpec(kind, object['spec'] ?? {}, ({ path, message }) =>
    reporter.atKey('KA_POLICY_UNKNOWN_KEY', message, path),
  );
  reportViolations(kind, strictness, pruned, reporter);
  if (identity === undefined || hasErrors(reporter)) return undefined;

  const spec = pruned as LooseSpec;
  if (kind === 'KubeArmorNetworkPolicy' && strictness === 'crd') checkFirewallCombination(spec, reporter);
  const meaning = readMeaning(spec, ['spec'], reporter, true);
  const place = locator.valueAt([]);
  const policy: Policy = {
    ...identity,
    selector: readSelector(spec),
    ...(spec.nodeSelector === undefined ? {} : { nodeLabels: spec.nodeSelector.matchLabels ?? {} }),
    action: meaning.action ?? 'Block',
    severity: meaning.severity,
    tags: meaning.tags,
    message: meaning.message,
    rules: readRules(identity.id, spec, meaning, reporter, limits.maxRules),
    presets: readPresets(spec, meaning, reporter),
    apparmor: spec.apparmor ?? '',
    ...(kind === 'KubeArmorNetworkPolicy' ? { firewall: readFirewall(spec, meaning, reporter) } : {}),
    object: storedObject(kind, identity, spec),
    ...(place === undefined ? {} : { place }),
  };
  if (hasErrors(reporter)) return undefined;
  reviewTexts(kind, spec, reporter);
  reviewEffect(policy, reporter, (rulePlace) => ({
    warn: (code, message) => reporter.add(finding('warning', code, message, ['spec'], rulePlace)),
  }));
  return policy;
}

function readKind(object: unknown, reporter: Reporter): PolicyKind | undefined {
  if (!isRecord(object)) {
    reporter.error('KA_POLICY_NOT_AN_OBJECT', `a policy is a mapping, not ${described(object)}`, []);
    return undefined;
  }
  const { apiVersion, kind } = object;
  const names: readonly string[] = policyKinds.map((known) => known.kind);
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const key = typeof apiVersion === 'string' ? 'kind' : 'apiVersion';
    const problem =
      object[key] === undefined ? `${key} is missing` : `must be a text, not ${described(object[key])}`;
    reporter.error('KA_POLICY_UNKNOWN_KIND', problem, object[key] === undefined ? [] : [key]);
    return undefined;
  }
  const [group] = apiVersion.split('/');
  if (group !== policyGroup && !names.includes(kind)) {
    reporter.error(
      'KA_POLICY_OTHER_KIND',
      `${described(`${apiVersion} ${kind}`)} is not a KubeArmor policy`,
      ['kind'],
    );
    return undefined;
  }
  if (apiVersion !== `${policyGroup}/${policyVersion}`) {
    reporter.error(
      'KA_POLICY_UNKNOWN_KIND',
      `apiVersion must be ${policyGroup}/${policyVersion}, not ${described(apiVersion)}`,
      ['apiVersion'],
    );
    return undefined;
  }
  if (names.includes(kind)) return kind as PolicyKind;
  const near = closestWord(kind, names);
  const hint = near === undefined ? names.join(', ') : `did you mean ${near}?`;
  reporter.error('KA_POLICY_UNKNOWN_KIND', `${described(kind)} is not a policy kind; ${hint}`, ['kind']);
  return undefined;
}

function reportViolations(kind: PolicyKind, strictness: Strictness, spec: unknown, reporter: Reporter): void {
  for (const violation of schemaViolations(kind, strictness, spec)) {
    const path = violationPath(violation);
    reporter.error('KA_POLICY_SCHEMA', violationMessage(violation, valueAt(spec, path.slice(1)), path), path);
  }
}

function readSelector({ selector }: LooseSpec): PodSelector {
  const { [containerKey]: container, ...matchLabels } = selector?.matchLabels ?? {};
  return {
    hasMatchLabels: selector?.matchLabels !== undefined,
    matchLabels,
    expressions: (selector?.matchExpressions ?? []).map(({ key = '', operator = '', values = [] }) => ({
      key,
      operator,
      values,
    })),
    ...(container === undefined ? {} : { container }),
  };
}

/** Presets take severity, tags and message of the policy, but not its action: anything but Audit blocks. */
function readPresets(
  spec: LooseSpec,
  { severity, tags, message }: Meaning,
  reporter: Reporter,
): readonly Preset[] {
  return (spec.presets ?? []).map(({ name = '', action }, i) => {
    const path = ['spec', 'presets', i];
    const place = reporter.placeOf(path);
    const isAudit = readAction(action, [...path, 'action'], reporter, false) === 'Audit';
    return {
      name,
      action: isAudit ? 'Audit' : 'Block',
      severity,
      tags,
      message,
      ...(place === undefined ? {} : { place }),
    };
  });
}

function storedObject(
  kind: PolicyKind,
  { id, labels, annotations }: Identity,
  spec: LooseSpec,
): Policy['object'] {
  const namespace = id.namespace === '' ? {} : { namespace: id.namespace };
  return {
    apiVersion: `${policyGroup}/${policyVersion}`,
    kind,
    metadata: { name: id.name, ...namespace, labels, annotations },
    spec: spec as Readonly<Record<string, unknown>>,
  };
}

function createReporter(locator: Locator, maxFindings: number) {
  const findings: Finding[] = [];
  let errorCount = 0;
  const add = (found: Finding): void => {
    // Errors keep a share of their own, so that warnings cannot hide that a document is refused.
    const isError = found.severity === 'error';
    if (isError ? errorCount >= maxFindings : findings.length - errorCount >= maxFindings) return;
    if (isError) errorCount++;
    findings.push(found);
  };
  return {
    findings,
    add,
    warn: (code: Finding['code'], message: string, path: Path) =>
      add(finding('warning', code, message, path, locator.valueAt(path))),
    atKey: (code: Finding['code'], message: string, path: Path) =>
      add(finding('warning', code, message, path, locator.keyAt(path))),
    error: (code: Finding['code'], message: string, path: Path) =>
      add(finding('error', code, message, path, locator.valueAt(path))),
    placeOf: (path: Path) => locator.valueAt(path),
  };
}

const hasErrors = (reporter: Reporter): boolean => reporter.findings.some((f) => f.severity === 'error');

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** What to call an object that may be broken: kind and name as far as they are there. */
function titleOf(object: unknown): string | undefined {
  if (!isRecord(object) || !isRecord(object['metadata'])) return undefined;
  const { kind } = object;
  const { name, namespace } = object['metadata'];
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
  const known = policyKinds.find((k) => k.kind === kind);
  const isNamespaced = known?.namespaced === true && typeof namespace === 'string';
  return known === undefined
    ? `${kind} ${name}`
    : policyTitle({ kind: known.kind, namespace: isNamespaced ? namespace : '', name });
}
