import type { Path } from './finding.ts';
import type { LooseEntry, LooseSource, LooseSpec } from './loose-spec.ts';
import type { Reporter } from './meaning.ts';
import type { PolicyKind } from './rule.ts';
import { described } from './schema-message.ts';
import { closestWord } from './suggestion.ts';
import {
  capabilityWord,
  capabilityWords,
  presetNames,
  protocolWord,
  protocolWords,
  stockCapabilityCount,
} from './words.ts';

/** Longer texts are judged by their start: the checks are heuristics and must stay cheap. */
const judgedLength = 1024;

const globSign = /[*?]|\[[^\]]+\]|\{[^}]*,[^}]*\}/;
const regexSign = /^\^|\$$|\\[wWdDsSbB.]|\.\+|\]\+|\(\?/;

/** Warns about texts of a valid spec that do not mean what they look like. */
export function reviewTexts(kind: PolicyKind, spec: LooseSpec, reporter: Reporter): void {
  for (const section of ['process', 'file'] as const) {
    for (const list of ['matchPaths', 'matchDirectories', 'matchPatterns'] as const) {
      for (const [i, entry] of (spec[section]?.[list] ?? []).entries()) {
        const path = ['spec', section, list, i];
        reviewPath(entry.path, [...path, 'path'], reporter);
        reviewDirectory(entry.dir, [...path, 'dir'], reporter);
        reviewPattern(entry.pattern, [...path, 'pattern'], reporter);
        reviewSources(entry.fromSource, path, reporter);
      }
    }
  }
  for (const [i, entry] of (spec.network?.matchProtocols ?? []).entries()) {
    reviewProtocol(entry, ['spec', 'network', 'matchProtocols', i], kind, reporter);
  }
  if ((spec.network?.matchEndpoints ?? []).length > 0) {
    const message = 'agents other than this one do not know matchEndpoints and leave it out';
    reporter.warn('KA_POLICY_WIDER', message, ['spec', 'network', 'matchEndpoints']);
  }
  for (const [i, entry] of (spec.capabilities?.matchCapabilities ?? []).entries()) {
    reviewCapability(entry, ['spec', 'capabilities', 'matchCapabilities', i], kind, reporter);
  }
  for (const [i, { name = '' }] of (spec.presets ?? []).entries()) {
    if (presetNames.some((known) => known === name)) continue;
    const near = closestWord(name, presetNames);
    const hint = near === undefined ? `known: ${presetNames.join(', ')}` : `did you mean ${near}?`;
    reporter.warn('KA_POLICY_UNKNOWN_WORD', `${described(name)} is no preset; ${hint}`, [
      'spec',
      'presets',
      i,
      'name',
    ]);
  }
}

function reviewPath(text: string | undefined, path: Path, reporter: Reporter): void {
  if (!text) return;
  const start = text.slice(0, judgedLength);
  // /usr/bin/[ is a program.
  if (globSign.test(start)) {
    reporter.warn(
      'KA_POLICY_GLOB_IN_PATH',
      `${described(text)} is compared literally; globs work in matchPatterns only`,
      path,
    );
  }
  if (!start.startsWith('/') || (text.length > 1 && text.endsWith('/')) || isNotCanonical(start)) {
    reporter.warn('KA_POLICY_PATH_FORM', `no file ever has the path ${described(text)}`, path);
  }
}

function reviewDirectory(text: string | undefined, path: Path, reporter: Reporter): void {
  if (!text) return;
  const start = text.slice(0, judgedLength);
  if (globSign.test(start)) {
    reporter.warn(
      'KA_POLICY_GLOB_IN_PATH',
      `${described(text)} is compared literally; globs work in matchPatterns only`,
      path,
    );
  }
  if (!start.startsWith('/') || isNotCanonical(start)) {
    reporter.warn('KA_POLICY_PATH_FORM', `no directory ever has the path ${described(text)}`, path);
  } else if (!text.endsWith('/')) {
    reporter.warn(
      'KA_POLICY_WIDER',
      `stock KubeArmor refuses a dir without trailing slash: write ${described(`${text}/`)}`,
      path,
    );
  }
}

const isNotCanonical = (path: string): boolean =>
  path.includes('//') || `${path}/`.includes('/./') || `${path}/`.includes('/../');

function reviewPattern(text: string | undefined, path: Path, reporter: Reporter): void {
  if (!text) return;
  const start = text.slice(0, judgedLength);
  const shown = described(text);
  if (regexSign.test(start)) {
    reporter.warn(
      'KA_POLICY_PATTERN_FORM',
      `${shown} looks like a regular expression; patterns are globs (*, **, ?, [ab])`,
      path,
    );
  } else if (/\s/.test(start)) {
    reporter.warn(
      'KA_POLICY_COMMAND_LINE',
      `${shown} looks like a command line; only the path of the program is compared`,
      path,
    );
  } else if (!start.startsWith('/')) {
    const fix = start.startsWith('*') ? '' : `; write ${described(`/**/${text}`)} for any directory`;
    reporter.warn('KA_POLICY_PATTERN_FORM', `${shown} is not absolute and matches no path${fix}`, path);
  }
}

function reviewSources(sources: readonly LooseSource[] | undefined, path: Path, reporter: Reporter): void {
  for (const [i, source] of (sources ?? []).entries())
    reviewPath(source.path, [...path, 'fromSource', i, 'path'], reporter);
}

function reviewProtocol(
  { protocol = '', fromSource }: LooseEntry,
  path: Path,
  kind: PolicyKind,
  reporter: Reporter,
): void {
  reviewSources(fromSource, path, reporter);
  for (const item of listItems(protocol)) {
    if (protocolWords.some((known) => known === protocolWord(item))) continue;
    const near = closestWord(item, protocolWords)?.toLowerCase();
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    reporter.warn(
      'KA_POLICY_UNKNOWN_WORD',
      `${described(item)} is no known protocol and matches nothing${hint}`,
      [...path, 'protocol'],
    );
  }
  reviewHostSource(kind, fromSource, path, reporter);
}

function reviewCapability(
  { capability = '', fromSource }: LooseEntry,
  path: Path,
  kind: PolicyKind,
  reporter: Reporter,
): void {
  reviewSources(fromSource, path, reporter);
  for (const item of listItems(capability)) {
    const number = capabilityWords.findIndex((known) => known === capabilityWord(item));
    if (number === -1) {
      const near = closestWord(capabilityWord(item), capabilityWords)?.slice('CAP_'.length).toLowerCase();
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      reporter.warn(
        'KA_POLICY_UNKNOWN_WORD',
        `${described(item)} is no known capability and matches nothing${hint}`,
        [...path, 'capability'],
      );
    } else if (number >= stockCapabilityCount) {
      reporter.warn('KA_POLICY_WIDER', `stock KubeArmor refuses the capability ${described(item)}`, [
        ...path,
        'capability',
      ]);
    }
  }
  reviewHostSource(kind, fromSource, path, reporter);
}

function reviewHostSource(
  kind: PolicyKind,
  sources: readonly LooseSource[] | undefined,
  path: Path,
  reporter: Reporter,
): void {
  if (kind !== 'KubeArmorHostPolicy' || sources !== undefined) return;
  reporter.warn(
    'KA_POLICY_WIDER',
    'stock KubeArmor refuses this entry of a host policy without fromSource',
    path,
  );
}

const listItems = (text: string): string[] =>
  text
    .replaceAll(' ', '')
    .split(',')
    .filter((item) => item !== '');
