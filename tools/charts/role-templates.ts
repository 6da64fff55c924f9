import { components } from '@kubearmor-ts/rbac';
import type { ComponentName, ComponentRights, Right, RightCondition } from '@kubearmor-ts/rbac';

/** What of the table one chart renders, and how its values change names. */
export interface RoleSettings {
  /** Component to the template condition under which it exists; empty: always. */
  readonly components: Partial<Record<ComponentName, string>>;
  /** Template condition for rights that not every installation has. */
  readonly conditions: Partial<Record<RightCondition, string>>;
  /** Names of the table, or beginnings of names, to the template expression that gives them in this chart. */
  readonly names: Readonly<Record<string, string>>;
}

/** templates/rbac/<component>.yaml to its text. */
export function roleTemplates(settings: RoleSettings): ReadonlyMap<string, string> {
  return new Map(
    (Object.entries(settings.components) as [ComponentName, string][]).map(([name, condition]) => [
      `templates/rbac/${kebab(name)}.yaml`,
      roleTemplate(name, components[name], condition, settings),
    ]),
  );
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function roleTemplate(
  name: ComponentName,
  rights: ComponentRights,
  condition: string,
  settings: RoleSettings,
): string {
  const label = kebab(name);
  const named = (text: string): string => rename(text, settings.names);
  const account = named(rights.serviceAccount);
  const metadata = (object: string, isNamespaced: boolean): string =>
    [
      'metadata:',
      `  name: ${object}`,
      ...(isNamespaced ? ['  namespace: {{ $.Release.Namespace }}'] : []),
      '  labels:',
      `    {{- include "kubearmor.labels" (dict "root" $ "component" "${label}") | nindent 4 }}`,
    ].join('\n');
  const documents = [
    `apiVersion: v1\nkind: ServiceAccount\n${metadata(account, true)}\n` +
      (all(rights).length === 0 ? 'automountServiceAccountToken: false\n' : ''),
  ];
  for (const [kind, place, scope] of [
    ['ClusterRole', rights.clusterRole, rights.cluster],
    ['Role', rights.role, rights.namespace],
  ] as const) {
    if (place === undefined) continue;
    const isNamespaced = kind === 'Role';
    const role = named(place.name);
    documents.push(
      `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\n${metadata(role, isNamespaced)}\nrules:\n` +
        scope.map((right) => ruleText(right, named, settings)).join(''),
      `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}Binding\n` +
        `${metadata(named(place.binding), isNamespaced)}\n` +
        `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${quoted(role)} }\n` +
        `subjects:\n  - { kind: ServiceAccount, name: ${quoted(account)}, namespace: "{{ $.Release.Namespace }}" }\n`,
    );
  }
  const exists = condition === '' ? '.Values.rbac.create' : `and .Values.rbac.create (${condition})`;
  return (
    '{{- /* Written by tools/gen-charts.ts from libs/contract/rbac. Do not edit. */ -}}\n' +
    `{{- if ${exists} }}\n${documents.join('---\n')}{{- end }}\n`
  );
}

const all = (rights: ComponentRights): readonly Right[] => [...rights.cluster, ...rights.namespace];

function ruleText(right: Right, named: (text: string) => string, settings: RoleSettings): string {
  const rule =
    `  # ${right.why}\n` +
    `  - apiGroups: ['${right.group}']\n` +
    `    resources: [${right.resource}]\n` +
    (right.names === undefined
      ? ''
      : `    resourceNames: [${right.names.map(named).map(quoted).join(', ')}]\n`) +
    `    verbs: [${right.verbs.join(', ')}]\n`;
  if (right.when === undefined) return rule;
  const condition = settings.conditions[right.when];
  return condition === undefined ? '' : `  {{- if ${condition} }}\n${rule}  {{- end }}\n`;
}

const quoted = (text: string): string => (text.includes('{{') ? `"${text}"` : text);

function rename(text: string, names: Readonly<Record<string, string>>): string {
  const exact = names[text];
  if (exact !== undefined) return `{{ ${exact} }}`;
  for (const [from, to] of Object.entries(names))
    if (from.endsWith('-') && text.startsWith(from)) return `{{ ${to} }}-${text.slice(from.length)}`;
  return text;
}
