import { posix } from 'node:path';
import {
  capabilityName,
  decide,
  describePattern,
  matchingRules,
  planAccepted,
  type Access,
  type AcceptedPlan,
  type EnforcementPlan,
  type Verdict,
} from '@kubearmor-ts/plan';
import {
  explainSelection,
  formatPlace,
  policyTitle,
  selectsNode,
  unorchestratedNamespace,
  type Policy,
  type PolicyMode,
  type Posture,
  type Rule,
} from '@kubearmor-ts/policy';

/** The workload whose policies are looked at. */
export type Workload =
  | {
      readonly kind: 'container';
      readonly namespace: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly container: string;
      readonly orchestrated: boolean;
    }
  | { readonly kind: 'host'; readonly labels: Readonly<Record<string, string>> };

export interface Question {
  readonly workload: Workload;
  readonly posture: Posture;
  readonly mode: PolicyMode;
  readonly operation: 'exec' | 'open' | 'capability';
  /** A path; for a capability its word (`CAP_NET_RAW`). */
  readonly object: string;
  readonly write: boolean;
  readonly source: string | undefined;
  /** Undefined: not said; the answer then holds for an owner unless it says otherwise. */
  readonly owner: boolean | undefined;
  readonly tty: boolean;
  /** Of an execution, without the program's name. Undefined: not said; no rule's list counts then. */
  readonly args: readonly string[] | undefined;
}

export interface ExplainedRule {
  readonly number: number;
  readonly policy: string;
  readonly place: string | undefined;
  readonly action: Rule['action'];
  readonly pattern: string;
  readonly source: string | undefined;
  readonly flags: readonly string[];
  readonly severity: number;
  readonly message: string;
  /** What the rule says about this access on its own. */
  readonly says: Verdict;
}

export interface Explanation {
  readonly verdict: Verdict;
  /** Absent when the default posture decides, or nothing does. */
  readonly rule: ExplainedRule | undefined;
  readonly decidedBy: 'rule' | 'defaultPosture' | 'nothing';
  readonly runnersUp: readonly ExplainedRule[];
  /** What would be answered to somebody who does not own the object, when that is another answer and was not asked. */
  readonly otherwise: { readonly when: string; readonly verdict: Verdict } | undefined;
  readonly object: string;
  readonly applied: readonly string[];
  readonly skipped: readonly { readonly policy: string; readonly reason: string }[];
  readonly refused: readonly {
    readonly policy: string;
    readonly code: string;
    readonly message: string;
    readonly place: string | undefined;
  }[];
  /** Matching rules that the tables do not enforce as they are written. */
  readonly notEnforced: readonly {
    readonly policy: string;
    readonly place: string | undefined;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly plan: { readonly contentHash: string; readonly rules: number } & EnforcementPlan['size'];
}

/** The answer of the tables that the kernel would be given for this workload. */
export function explainAccess(policies: readonly Policy[], question: Question): Explanation {
  const { applied, skipped } = select(policies, question.workload);
  const { posture, mode } = question;
  const accepted = planAccepted({
    rules: applied.flatMap(({ rules }) => rules),
    postures: { file: posture, network: posture, capabilities: posture },
    mode,
  });
  return {
    ...answer(accepted.plan, question),
    ...describePlan(accepted),
    applied: applied.map(({ id }) => policyTitle(id)),
    skipped,
  };
}

function select(
  policies: readonly Policy[],
  workload: Workload,
): { applied: readonly Policy[]; skipped: Explanation['skipped'] } {
  const applied: Policy[] = [];
  const skipped: { policy: string; reason: string }[] = [];
  for (const policy of policies) {
    const reason = reasonToSkip(policy, workload);
    if (reason === undefined) applied.push(policy);
    else skipped.push({ policy: policyTitle(policy.id), reason });
  }
  return { applied, skipped };
}

function reasonToSkip(policy: Policy, workload: Workload): string | undefined {
  if (workload.kind === 'host') {
    if (policy.id.kind !== 'KubeArmorHostPolicy') return `a ${policy.id.kind} is not for the host`;
    return selectsNode(policy, workload.labels, { kubernetes: true })
      ? undefined
      : "its nodeSelector does not meet the host's labels";
  }
  const { labels, container, orchestrated } = workload;
  const namespace = orchestrated ? workload.namespace : unorchestratedNamespace;
  const selection = explainSelection(policy, { namespace, labels, containerName: container, orchestrated });
  return selection.selected ? undefined : selection.message;
}

type Answer = Pick<
  Explanation,
  'verdict' | 'rule' | 'decidedBy' | 'runnersUp' | 'otherwise' | 'object' | 'notEnforced'
>;

const classOf = { exec: 'exec', open: 'file', capability: 'capability' } as const;

function answer(plan: EnforcementPlan, question: Question): Answer {
  const object = question.operation === 'capability' ? question.object : kernelPath(question.object);
  const access: Access = {
    class: classOf[question.operation],
    path: question.operation === 'capability' ? capabilityName(object)! : Buffer.from(object),
    owner: question.owner ?? true,
    write: question.write,
    tty: question.tty,
    ...(question.args === undefined
      ? {}
      : { args: [object, ...question.args].map((arg) => Buffer.from(arg)) }),
    ...(question.source === undefined ? {} : { source: Buffer.from(kernelPath(question.source)) }),
  };
  const { verdict, ruleNumber } = decide(plan, access);
  const explained = matchingRules(plan, access).map(({ rule, ruleNumber: number, says }) =>
    explainRule(rule, number, says),
  );
  const stranger = question.owner === undefined ? decide(plan, { ...access, owner: false }).verdict : verdict;
  return {
    verdict,
    decidedBy: ruleNumber > 0 ? 'rule' : verdict === 'none' ? 'nothing' : 'defaultPosture',
    rule: explained.find(({ number }) => number === ruleNumber),
    runnersUp: explained.filter(({ number }) => number !== ruleNumber),
    otherwise:
      stranger === verdict ? undefined : { when: 'the caller does not own the object', verdict: stranger },
    object,
    notEnforced: plan.notEnforced
      .filter(({ rule }) => rule.class === access.class)
      .map(({ rule, reason, message }) => ({
        policy: policyTitle(rule.policy),
        place: placeOf(rule),
        reason,
        message,
      })),
  };
}

/** Directories have no slash at the end in the kernel, and "." and ".." are gone. */
function kernelPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function explainRule(rule: Rule, number: number, says: Verdict): ExplainedRule {
  const flags = [
    ...(rule.allowedArgs === undefined ? [] : [`allowedArgs: ${JSON.stringify(rule.allowedArgs)}`]),
    ...(rule.ownerOnly ? ['ownerOnly'] : []),
    ...(rule.readOnly ? ['readOnly'] : []),
    ...(rule.onlyTerminal ? ['pts: false'] : []),
  ];
  return {
    number,
    policy: policyTitle(rule.policy),
    place: placeOf(rule),
    action: rule.action,
    pattern: describePattern(rule.pattern),
    source: rule.source,
    flags,
    severity: rule.severity,
    message: rule.message,
    says,
  };
}

const placeOf = ({ place }: Rule): string | undefined =>
  place === undefined ? undefined : formatPlace(place);

function describePlan({ plan, refused }: AcceptedPlan): Pick<Explanation, 'refused' | 'plan'> {
  return {
    refused: refused.map(({ policy, error }) => ({
      policy: policyTitle(policy),
      code: error.code,
      message: error.message,
      place: error.place,
    })),
    plan: {
      contentHash: plan.contentHash.toString(16).padStart(16, '0'),
      rules: plan.rules.length - 1,
      ...plan.size,
    },
  };
}
