import type { PolicyId } from '@kubearmor-ts/policy';
import type { Conditions } from './condition.ts';

/** The raw section of a policy. */
export interface RawText {
  readonly policy: PolicyId;
  readonly text: string;
}

export interface RawLine {
  readonly policy: PolicyId;
  readonly line: string;
}

/** More than a person writes, less than fills a profile. */
const MAX_RAW_BYTES = 64 * 1024;

/**
 * Lines that stay inside the profile they are put in. A policy of one namespace must not close the profile, begin another,
 * read the node's files into it or leave it: text that could do so is refused as a whole, as half of it may mean anything.
 */
export function readRawLines(raw: readonly RawText[], conditions: Conditions): readonly RawLine[] {
  const lines: RawLine[] = [];
  for (const { policy, text } of raw) {
    const own = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    if (own.length === 0) continue;
    const wrong = text.length > MAX_RAW_BYTES ? `is longer than ${MAX_RAW_BYTES} bytes` : firstWrong(own);
    if (wrong !== undefined) {
      const message = `the raw AppArmor text ${wrong}; none of it is used`;
      conditions.add({ policy, reason: 'RawTextRefused', effect: 'NotEnforced', message });
      continue;
    }
    const message =
      'raw AppArmor text is enforced as it stands; what it denies names no policy rule in alerts';
    conditions.add({ policy, reason: 'RawTextUnattributed', effect: 'Unreported', message });
    lines.push(...own.filter((line) => !line.startsWith('#')).map((line) => ({ policy, line })));
  }
  return lines;
}

function firstWrong(lines: readonly string[]): string | undefined {
  for (const [at, line] of lines.entries()) {
    const wrong = wrongAbout(line);
    if (wrong !== undefined) return `has a line ${at + 1} that ${wrong}`;
  }
  return undefined;
}

function wrongAbout(line: string): string | undefined {
  if (/^#\s*include\b/.test(line)) return 'includes a file of the node';
  if (line.startsWith('#')) return undefined;
  if (/\p{Cc}/u.test(line.replaceAll('\t', ' '))) return 'holds control characters';
  const bare = withoutStrings(line);
  if (bare === undefined) return 'leaves a quotation mark open';
  if (/#/.test(bare)) return 'holds a comment after its rule';
  if (!bare.endsWith(',')) return 'does not end in a comma';
  if (
    /(?:^|[\s,])(?:include|profile|hat|change_profile|set|alias|abi|if|else)(?:[\s,(]|$)|\^|@\{[^}]*\}\s*\+?=/.test(
      bare,
    )
  )
    return 'is more than a rule';
  if (/->/.test(bare) || /(?:^|[\s"])[pPcCuU][uU]?[iI]?x\s*,?/.test(bare)) return 'leaves the profile';
  return braces(bare);
}

/** The line with quoted text blanked. */
function withoutStrings(line: string): string | undefined {
  const blanked = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, (text) => 'q'.repeat(text.length));
  return blanked.includes('"') ? undefined : blanked;
}

/** Braces are alternatives of a path only: never around blanks. */
function braces(bare: string): string | undefined {
  let depth = 0;
  for (const [at, char] of Array.from(bare).entries()) {
    if (bare[at - 1] === '\\') continue;
    if (char === '{') depth += 1;
    else if (char === '}') depth -= 1;
    else if (/\s/.test(char) && depth > 0) return 'has braces that are no part of a path';
    if (depth < 0) return 'closes a brace that it did not open';
  }
  return depth === 0 ? undefined : 'leaves a brace open';
}
