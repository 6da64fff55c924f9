import { projectProfile } from '@kubearmor-ts/apparmor';
import { planWorkload } from '@kubearmor-ts/plan';
import type { Rule } from '@kubearmor-ts/policy';
import { attributeAccess, type ProfileMeaning } from './attribute-access.ts';
import { parseAuditLine } from './audit-line.ts';

const rule = (more: Partial<Rule>): Rule => ({
  class: 'file',
  pattern: { kind: 'directory', dir: '/secrets/', recursive: true },
  ownerOnly: false,
  readOnly: false,
  onlyTerminal: false,
  action: 'Block',
  severity: 7,
  tags: [],
  message: '',
  policy: { kind: 'KubeArmorPolicy', namespace: 'shop', name: 'p' },
  ...more,
});

const broad = rule({});
const ofCat = rule({ pattern: { kind: 'exact', path: '/plain' }, source: '/bin/cat', severity: 9 });
const exec = rule({ class: 'exec', pattern: { kind: 'exact', path: '/bin/sleep' } });
const audit = rule({ pattern: { kind: 'exact', path: '/audited' }, action: 'Audit' });
const raw = rule({ class: 'capability', pattern: { kind: 'word', word: 'CAP_NET_RAW' } });

function meaning(): ProfileMeaning {
  const input = {
    rules: [broad, ofCat, exec, audit, raw],
    postures: { file: 'audit', network: 'audit', capabilities: 'audit' },
    mode: 'enabled',
  } as const;
  const plan = planWorkload(input);
  const profile = projectProfile({ ...input, isPrivileged: false, noNewPrivileges: false });
  if (!plan.ok || !profile.ok) throw new Error('no plan');
  return { plan: plan.value, body: profile.value.body };
}

function attributed(profile: string, name: string, mask: string, more = '', verdict = 'DENIED') {
  const line = `type=1400 audit(1.000:1): apparmor="${verdict}" operation="open" profile="${profile}" name="${name}" requested_mask="${mask}" denied_mask="${mask}"${more}`;
  return attributeAccess(parseAuditLine(line)!, meaning());
}

test('a denial names the rule that the plan decides by', () => {
  expect(attributed('w', '/secrets/token', 'r')?.decision.rule).toBe(broad);
});

test('a denial in the profile of a source program names the rule for that program', () => {
  expect(attributed('w//bincat', '/plain', 'r')?.decision.rule).toBe(ofCat);
  expect(attributed('w', '/plain', 'r')).toBeUndefined();
});

test('a directory is found although AppArmor ends its name in a slash', () => {
  expect(attributed('w', '/secrets/new/', 'c')).toMatchObject({
    access: { write: true },
    decision: { rule: broad },
  });
});

test('an execution is asked about as one', () => {
  expect(attributed('w', '/bin/sleep', 'x')).toMatchObject({
    access: { class: 'exec' },
    decision: { rule: exec },
  });
});

test('what passed and was reported names the Audit rule', () => {
  expect(attributed('w', '/audited', 'r', '', 'AUDIT')?.decision.rule).toBe(audit);
  expect(attributed('w', '/elsewhere', 'r', '', 'AUDIT')).toBeUndefined();
});

test('a denied capability names its rule', () => {
  const line = (name: string): string =>
    `type=1400 audit(1.000:1): apparmor="DENIED" operation="capable" profile="w" pid=1 capability=13 capname="${name}"`;
  expect(attributeAccess(parseAuditLine(line('net_raw'))!, meaning())?.decision.rule).toBe(raw);
  expect(attributeAccess(parseAuditLine(line('chown'))!, meaning())).toBeUndefined();
  expect(attributeAccess(parseAuditLine(line('of_tomorrow'))!, meaning())).toBeUndefined();
});

test('a denial that no rule asked for is not pinned on one', () => {
  expect(attributed('w', '/proc/sysrq-trigger', 'w')).toBeUndefined();
});
