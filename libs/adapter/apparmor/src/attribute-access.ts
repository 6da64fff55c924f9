import { sourceOfProfile, type ProfileBody } from '@kubearmor-ts/apparmor';
import { capabilityName, decide, type Access, type Decision, type EnforcementPlan } from '@kubearmor-ts/plan';
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
 * Which rule stands behind a record: the plan's own answer for the same access. Undefined for records that are about neither
 * a path nor a capability, and for those that the plan has nothing to do with, such as denials by hardening or raw text.
 */
export function attributeAccess(
  record: AuditRecord,
  { body, plan }: ProfileMeaning,
): AttributedAccess | undefined {
  const { verdict } = record;
  const from = sourceOfProfile(body, record.profile);
  const asked = record.capability === undefined ? pathAccess(record) : capabilityAccess(record.capability);
  if (asked === undefined) return undefined;
  const access: Access = {
    ...asked,
    tty: false,
    ...(from === undefined ? {} : { source: new TextEncoder().encode(from) }),
  };
  const decision = decide(plan, access);
  const speaks = verdict === 'DENIED' ? decision.verdict === 'block' : isReport(decision);
  return speaks ? { access, decision } : undefined;
}

type Asked = Omit<Access, 'tty' | 'source'>;

function pathAccess(record: AuditRecord): Asked | undefined {
  const { name } = record;
  if (name === undefined || name[0] !== SLASH) return undefined;
  const mask = record.verdict === 'DENIED' && record.denied !== '' ? record.denied : record.requested;
  const isExec = record.operation === 'exec' || mask.includes('x');
  return {
    class: isExec ? 'exec' : 'file',
    path: withoutSlash(name),
    owner: record.fsuid !== undefined && record.fsuid === record.ouid,
    write: !isExec && /[wacdl]/.test(mask),
  };
}

function capabilityAccess(word: string): Asked | undefined {
  const path = capabilityName(`CAP_${word.toUpperCase()}`);
  return path === undefined ? undefined : { class: 'capability', path, owner: false, write: false };
}

const isReport = ({ verdict }: Decision): boolean => verdict === 'audit' || verdict === 'report';

const SLASH = 0x2f;

/** Plans know directories without the slash that AppArmor ends them in. */
const withoutSlash = (name: Uint8Array): Uint8Array =>
  name.length > 1 && name.at(-1) === SLASH ? name.subarray(0, -1) : name;
