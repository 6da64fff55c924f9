import { policyKinds } from '@kubearmor-ts/crd';
import type { Path } from './finding.ts';
import type { Reporter } from './meaning.ts';
import type { PolicyId, PolicyKind } from './rule.ts';
import { described } from './schema-message.ts';
import { isRecord, setOwn } from './yaml-value.ts';

export interface Identity {
  readonly id: PolicyId;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Namespace of policies and containers that no orchestrator manages. */
export const unorchestratedNamespace = 'container_namespace';

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * The identity of an object. A name with a slash is refused everywhere: names become file names and parts of keys.
 * `forceNamespace` replaces the namespace of a namespaced kind; one that names none is in `default`, as with kubectl.
 */
export function readIdentity(
  kind: PolicyKind,
  metadata: unknown,
  forceNamespace: string | undefined,
  reporter: Reporter,
): Identity | undefined {
  const path: Path = ['metadata'];
  if (!isRecord(metadata)) {
    reporter.error('KA_POLICY_METADATA', 'metadata with a name is missing', path);
    return undefined;
  }
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') {
    const problem =
      name === undefined || name === null || name === ''
        ? 'is missing'
        : `is not a text but ${described(name)}`;
    reporter.error('KA_POLICY_METADATA', `the name ${problem}`, [...path, 'name']);
    return undefined;
  }
  if (hasUnsafeCharacter(name) || name === '.' || name === '..' || name.length > 253) {
    reporter.error('KA_POLICY_METADATA', `the name ${described(name)} cannot be used`, [...path, 'name']);
    return undefined;
  }
  if (!dnsName.test(name)) {
    reporter.warn('KA_POLICY_NAME', `the API server refuses the name ${described(name)}`, [...path, 'name']);
  }
  if (
    namespace !== undefined &&
    namespace !== null &&
    (typeof namespace !== 'string' || hasUnsafeCharacter(namespace))
  ) {
    reporter.error('KA_POLICY_METADATA', `the namespace ${described(namespace)} cannot be used`, [
      ...path,
      'namespace',
    ]);
    return undefined;
  }
  const isNamespaced = policyKinds.some((known) => known.kind === kind && known.namespaced);
  const written = typeof namespace === 'string' && namespace !== '' ? namespace : undefined;
  return {
    id: { kind, name, namespace: isNamespaced ? (forceNamespace ?? written ?? 'default') : '' },
    labels: readTexts(metadata['labels'], [...path, 'labels'], reporter),
    annotations: readTexts(metadata['annotations'], [...path, 'annotations'], reporter),
  };
}

function hasUnsafeCharacter(text: string): boolean {
  for (const character of text) {
    if (character === '/' || character === '\\' || character < ' ' || character === '\x7f') return true;
  }
  return false;
}

function readTexts(value: unknown, path: Path, reporter: Reporter): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const texts: Record<string, string> = {};
  if (!isRecord(value)) {
    reporter.error('KA_POLICY_METADATA', `must be a mapping of texts, not ${described(value)}`, path);
    return texts;
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === 'string') setOwn(texts, key, text);
    else if (text !== null)
      reporter.error('KA_POLICY_METADATA', `must be a text, not ${described(text)}`, [...path, key]);
  }
  return texts;
}
