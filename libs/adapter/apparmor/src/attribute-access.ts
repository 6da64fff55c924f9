import { sourceOfProfile, type ProfileBody } from '@kubearmor-ts/apparmor';
import { decide, type Access, type Decision, type EnforcementPlan } from '@kubearmor-ts/plan';
import type { AuditRecord } from './audit-line.ts';

/** What confines the process: the profile's parts and the plan that they are a projection of. */
export interface ProfileMeaning {
  readonly body: ProfileBody;
  readonly plan: EnforcementPlan;
}

/** A reported access to a path and what the plan says about it. */
export interface AttributedAccess {
  readonly access: Access;
  readonly decision: Decision;
}

/**
 * Which rule stands behind a record: the plan's own answer for the same access. Undefined for records that are about no
 * path, and for those that the plan has nothing to do with, such as denials by hardening or raw text.
 */
export function attributeAccess(
  record: AuditRecord,
  { body, plan }: ProfileMeaning,
): AttributedAccess | undefined {
  const { name, verdict } = record;
  if (name === undefined || name[0] !== SLASH) return undefined;
  const mask = verdict === 'DENIED' && record.denied !== '' ? record.denied : record.requested;
  const isExec = record.operation === 'exec' || mask.includes('x');
  const source = sourceOfProfile(body, record.profile);
  const access: Access = {
    class: isExec ? 'exec' : 'file',
    path: withoutSlash(name),
    owner: record.fsuid !== undefined && record.fsuid === record.ouid,
    write: !isExec && /[wacdl]/.test(mask),
    tty: false,
    ...(source === undefined ? {} : { source: new TextEncoder().encode(source) }),
  };
  const decision = decide(plan, access);
  const speaks = verdict === 'DENIED' ? decision.verdict === 'block' : isReport(decision);
  return speaks ? { access, decision } : undefined;
}

const isReport = ({ verdict }: Decision): boolean => verdict === 'audit' || verdict === 'report';

const SLASH = 0x2f;

/** Plans know directories without the slash that AppArmor ends them in. */
const withoutSlash = (name: Uint8Array): Uint8Array =>
  name.length > 1 && name.at(-1) === SLASH ? name.subarray(0, -1) : name;
