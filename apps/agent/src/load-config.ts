import { readFile } from 'node:fs/promises';
import { configHelp, parseConfig } from '@kubearmor-ts/config';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { fail, ok } from '@kubearmor-ts/result';
import { parse } from 'yaml';
import { agentConfigTable, unusedKeys } from './config.ts';
import type { AgentConfig } from './config.ts';

export interface LoadedConfig {
  readonly config: AgentConfig;
  readonly warnings: readonly CodedError[];
}

export const helpText = (): string =>
  `ka-agent: enforces KubeArmor policies on this node\n\n${configHelp(agentConfigTable)}\n\n` +
  `The configuration file is kubearmor.yaml in the working directory, or the file that the environment variable\n` +
  `KUBEARMOR_CFG names. A flag wins over the environment, the environment over the file.\n`;

/** The configuration from flags, environment and file, or every mistake in them. */
export async function loadConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<LoadedConfig, readonly CodedError[]>> {
  const file = await readConfigFile(env['KUBEARMOR_CFG']);
  if (!file.ok) return fail([file.error]);
  const unused = new Set(unusedKeys);
  const isUnusedFlag = (word: string): boolean => unused.has(/^--?([A-Za-z]+)(?:=|$)/.exec(word)?.[1] ?? '');
  const flags = argv.filter((word) => !isUnusedFlag(word));
  const values = Object.fromEntries(Object.entries(file.value.values).filter(([key]) => !unused.has(key)));
  const parsed = parseConfig(agentConfigTable, { argv: flags, env, file: { name: file.value.name, values } });
  if (!parsed.ok) return parsed;
  const config = parsed.value;
  const unmet = notInThisVersion(config);
  if (unmet.length > 0) return fail(unmet);
  const ignored = [
    ...argv.filter(isUnusedFlag),
    ...Object.keys(file.value.values).filter((key) => unused.has(key)),
  ];
  const warnings = ignored.map(withoutEffect);
  return ok({
    config,
    warnings: config.tlsCertProvider === 'self' ? [...warnings, noOwnAuthority] : warnings,
  });
}

function notInThisVersion(config: AgentConfig): readonly CodedError[] {
  const errors: CodedError[] = [];
  const refuse = (object: string, message: string): void => {
    errors.push({ code: 'KA_AGENT_NOT_IN_THIS_VERSION', reason: 'NotInThisVersion', object, message });
  };
  if (
    !config.lsm
      .split(',')
      .map((word) => word.trim())
      .includes('bpf')
  )
    refuse('lsm', 'only the enforcer bpf exists in this version');
  return errors;
}

const withoutEffect = (object: string): CodedError => ({
  code: 'KA_AGENT_SETTING_UNUSED',
  reason: 'SettingUnused',
  object,
  message: 'the setting is accepted and has no effect in this version',
});

const noOwnAuthority: CodedError = {
  code: 'KA_AGENT_NO_OWN_AUTHORITY',
  reason: 'NoOwnAuthority',
  object: 'tlsCertProvider',
  message:
    'this agent makes no certificate of its own: server.crt and server.key must be there, as with external',
};

async function readConfigFile(
  named: string | undefined,
): Promise<Result<{ readonly name: string; readonly values: Readonly<Record<string, unknown>> }>> {
  const name = named ?? 'kubearmor.yaml';
  const broken = (message: string): Result<never> =>
    fail({ code: 'KA_AGENT_CONFIG_FILE', reason: 'ConfigFileUnreadable', object: name, message });
  let text: string;
  try {
    text = await readFile(name, 'utf8');
  } catch (cause) {
    return named === undefined
      ? ok({ name, values: {} })
      : broken(`the configuration file cannot be read: ${(cause as Error).message}`);
  }
  try {
    const values: unknown = parse(text) ?? {};
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      return broken('the configuration file is not a mapping');
    return ok({ name, values: values as Record<string, unknown> });
  } catch (cause) {
    return broken(`the configuration file is not YAML: ${(cause as Error).message}`);
  }
}
