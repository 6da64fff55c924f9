import { posix } from 'node:path';
import {
  capabilityName,
  decide,
  endpointName,
  describePattern,
  matchingRules,
  planAccepted,
  socketName,
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
  type Address,
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
  readonly operation: 'exec' | 'open' | 'capability' | 'connect' | 'accept';
  /** A path; for a capability its word (`CAP_NET_RAW`), for a peer what was asked (`tcp://10.0.0.1:443`). */
  readonly object: string;
  /** Of connect and accept. */
  readonly peer?: Peer;
  readonly write: boolean;
  readonly source: string | undefined;
  /** Undefined: not said; the answer then holds for an owner unless it says otherwise. */
  readonly owner: boolean | undefined;
  readonly tty: boolean;
  /** Of an execution, without the program's name. Undefined: not said; no rule's list counts then. */
  readonly args: readonly string[] | undefined;
}

export interface Peer {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly address: Address;
  /** Of the service. */
  readonly port: number;
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

const classOf = {
  exec: 'exec',
  open: 'file',
  capability: 'capability',
  connect: 'network',
  accept: 'network',
} as const;

/** What the kernel asks about, in its order: whoever has a peer first made a socket, and listened to be called. */
function namesOf({ operation, object, peer }: Question): readonly Uint8Array[] {
  if (operation === 'capability') return [capabilityName(object)!];
  if (peer === undefined) return [Buffer.from(kernelPath(object))];
  const { protocol, address, port } = peer;
  const socket = {
    family: address.length === 4 ? 'INET' : 'INET6',
    type: socketTypes[protocol],
    protocol,
  } as const;
  return operation === 'connect'
    ? [socketName(socket), endpointName(socket, { direction: 'egress', port, address })]
    : [
        socketName(socket),
        endpointName(socket, { direction: 'ingress', port }),
        endpointName(socket, { direction: 'ingress', port, address }),
      ];
}

const socketTypes = { TCP: 'STREAM', UDP: 'DGRAM', SCTP: 'STREAM' } as const;

function answer(plan: EnforcementPlan, question: Question): Answer {
  const isPath = question.operation === 'exec' || question.operation === 'open';
  const object = isPath ? kernelPath(question.object) : question.object;
  const of = (path: Uint8Array): Access => ({
    class: classOf[question.operation],
    path,
    owner: question.owner ?? true,
    write: question.write,
    tty: question.tty,
    ...(question.args === undefined
      ? {}
      : { args: [object, ...question.args].map((arg) => Buffer.from(arg)) }),
    ...(question.source === undefined ? {} : { source: Buffer.from(kernelPath(question.source)) }),
  });
  const steps = namesOf(question).map(of);
  const access = steps.find((step) => decide(plan, step).verdict === 'block') ?? steps.at(-1)!;
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
