import { fail } from '@kubearmor-ts/result';
import { documentError, finding } from './finding.ts';
import type { Finding, Path } from './finding.ts';
import { defaultLimits } from './limits.ts';
import type { ParseLimits } from './limits.ts';
import { createLineIndex } from './line-index.ts';
import type { LineIndex } from './line-index.ts';
import { createLocator } from './located-value.ts';
import type { Locator } from './located-value.ts';
import { readPolicy } from './read-policy.ts';
import type { PolicyReading, ReadOptions } from './read-policy.ts';
import type { Place } from './rule.ts';
import { splitDocuments } from './yaml-documents.ts';
import { isRecord, readYaml } from './yaml-value.ts';

export interface ParseOptions extends ReadOptions {
  /** Name to put into places. */
  readonly file?: string;
}

/** One document of the text, usable or not; the others are not affected by it. */
export interface PolicyDocument extends PolicyReading {
  readonly place: Place;
}

/**
 * Reads YAML or JSON text of one or many documents. Never throws, whatever the text; an input that is refused as a whole
 * gives one document with the error. The items of a `kind: List` become documents of their own.
 */
export function parsePolicies(
  text: string | Uint8Array,
  options: ParseOptions = {},
): readonly PolicyDocument[] {
  const limits = { ...defaultLimits, ...options.limits };
  const start: Place = { ...(options.file === undefined ? {} : { file: options.file }), line: 1, column: 1 };
  if (text.length > limits.maxBytes) {
    const size = `${text.length} ${typeof text === 'string' ? 'characters' : 'bytes'}`;
    return [
      refused(start, [
        finding(
          'error',
          'KA_POLICY_TOO_LARGE',
          `the input has ${size}, the limit is ${limits.maxBytes}`,
          [],
          start,
        ),
      ]),
    ];
  }
  const decoded = typeof text === 'string' ? text : decodeUtf8(text);
  const whole = decoded ?? new TextDecoder().decode(text as Uint8Array);
  const lines = createLineIndex(whole, options.file);
  if (decoded === undefined) {
    const place = lines.placeAt(Math.max(0, whole.indexOf('\uFFFD')));
    return [refused(place, [finding('error', 'KA_POLICY_NOT_UTF8', 'the text is not UTF-8', [], place)])];
  }
  const slices = splitDocuments(whole);
  if (slices.length > limits.maxDocuments) {
    const message = `the input has ${slices.length} documents, the limit is ${limits.maxDocuments}`;
    return [refused(start, [finding('error', 'KA_POLICY_TOO_LARGE', message, [], start)])];
  }
  return slices.flatMap(({ start: from, end }) =>
    parseDocument(whole.slice(from, end), from, lines, limits, options),
  );
}

function parseDocument(
  text: string,
  base: number,
  lines: LineIndex,
  limits: ParseLimits,
  options: ParseOptions,
): readonly PolicyDocument[] {
  const { value, start, marks, findings } = readYaml(text, base, lines, limits);
  const place = lines.placeAt(start);
  const errors = findings.filter((f) => f.severity === 'error');
  const warnings = findings.filter((f) => f.severity === 'warning');
  const [first, ...others] = errors;
  if (first !== undefined) return [refused(first.place ?? place, [first, ...others], warnings)];
  if (value === undefined || value === null) return [];
  const locator = createLocator(value, start, marks, lines);
  const items = listItems(value);
  if (items === undefined) {
    const reading = readPolicy(value, options, locator);
    return [{ ...reading, warnings: [...warnings, ...reading.warnings], place }];
  }
  return items.map((item, i) => {
    const path: Path = ['items', i];
    return { ...readPolicy(item, options, below(locator, path)), place: locator.valueAt(path) ?? place };
  });
}

/** `kubectl get -o yaml` writes several objects as the items of one list. */
function listItems(value: unknown): readonly unknown[] | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, items } = value;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : undefined;
}

const below = (locator: Locator, base: Path): Locator => ({
  valueAt: (path) => locator.valueAt([...base, ...path]),
  keyAt: (path) => locator.keyAt([...base, ...path]),
});

function refused(
  place: Place,
  errors: readonly [Finding, ...Finding[]],
  warnings: readonly Finding[] = [],
): PolicyDocument {
  return { place, result: fail(documentError(errors)), warnings };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
