import type { PolicyId } from '@kubearmor-ts/policy';
import { commonLines } from './hardening.ts';
import type { RawLine } from './raw-lines.ts';

/** A workload's rules as lines; those of executions name other profiles and so depend on the name. */
export interface ProfileBody {
  readonly isPrivileged: boolean;
  readonly raw: readonly RawLine[];
  readonly main: ProfileSection;
  readonly children: readonly ChildProfile[];
}

export interface ProfileSection {
  readonly lines: readonly string[];
  readonly execLines: (name: string) => readonly string[];
}

/** The profile of one source program. */
export interface ChildProfile extends ProfileSection {
  readonly name: string;
  readonly source: string;
}

export interface ProfileNaming {
  readonly name: string;
  /** Programs that enter the profile by themselves, as a pattern; absent where a runtime puts them there. */
  readonly attachment?: string;
  /** Kernel features that the text was written for, as `<abi/3.0>`; absent for the parser's default. */
  readonly abi?: string;
}

/**
 * The text that `apparmor_parser` reads. Objects without a place in the container's tree count as lying at its root, and
 * deleted files keep their names.
 */
export function profileText(body: ProfileBody, { name, attachment, abi }: ProfileNaming): string {
  const family = `${name}{,//*}`;
  const flags = 'flags=(attach_disconnected,mediate_deleted)';
  const section = (own: ProfileSection): readonly string[] => [
    ...new Set([
      ...commonLines(family, body.isPrivileged),
      ...own.lines,
      ...own.execLines(name),
      ...body.raw.map(({ line }) => line),
    ]),
  ];
  return [
    ...(abi === undefined ? [] : [`abi ${abi},`]),
    `profile "${name}" ${attachment === undefined ? '' : `${attachment} `}${flags} {`,
    ...section(body.main).map((line) => `  ${line}`),
    ...body.children.flatMap((child) => [
      `  profile "${child.name}" ${flags} {`,
      ...section(child).map((line) => `    ${line}`),
      '  }',
    ]),
    '}',
    '',
  ].join('\n');
}

/** Whose raw text stands in a line of `text`, counted from 1; undefined if the line is ours. */
export function policyOfLine({ raw }: ProfileBody, text: string, line: number): PolicyId | undefined {
  const found = text.split('\n')[line - 1]?.trim();
  return raw.find((one) => one.line === found)?.policy;
}

/** The source program that a profile's name, as in the kernel's log, stands for; undefined for the main one. */
export function sourceOfProfile({ children }: ProfileBody, profile: string): string | undefined {
  const at = profile.lastIndexOf('//');
  if (at < 0) return undefined;
  const own = profile.slice(at + 2);
  return children.find(({ name }) => name === own)?.source;
}
