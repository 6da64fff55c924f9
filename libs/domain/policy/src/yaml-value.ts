/**
 * YAML text to plain values with the offset of every value.
 * 1. Nothing here throws or recurses deeper than the limit: nesting is counted on the token stack of the parser, which
 *    does not recurse, before the composer, which does, sees the tokens.
 * 2. Aliases are expanded by counting every value they add, so a document cannot grow beyond its limit.
 * 3. Plain yes/no/on/off are booleans, as in the YAML reader of kubectl and the API server.
 */
import { Composer, Lexer, Parser, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, CST, Node, ParsedNode, ScalarTag, YAMLMap, YAMLSeq } from 'yaml';
import { finding } from './finding.ts';
import type { Finding, Path, PolicyCode } from './finding.ts';
import type { LineIndex } from './line-index.ts';
import type { ParseLimits } from './limits.ts';
import type { Mark } from './located-value.ts';

export interface YamlValue {
  readonly value: unknown;
  readonly start: number;
  readonly marks: WeakMap<object, Mark>;
  readonly findings: readonly Finding[];
}

/** What the composer names as the place of an error. */
type ErrorSource = number | [number, number] | { readonly offset: number };

/** Ends composing from within the composer; caught where it was started. */
const stop = new Error('enough syntax errors');

const clipped = (message: string): string => (message.length > 200 ? `${message.slice(0, 199)}…` : message);

const oldBoolean: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:[yY]|yes|Yes|YES|[nN]|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|on)/i.test(text),
};

/** `base` is the offset of `text` in the whole input. */
export function readYaml(text: string, base: number, lines: LineIndex, limits: ParseLimits): YamlValue {
  const reader = new YamlReader(base, lines, limits);
  return reader.read(text);
}

class YamlReader {
  readonly #base: number;
  readonly #lines: LineIndex;
  readonly #limits: ParseLimits;
  readonly #findings: Finding[] = [];
  readonly #marks = new WeakMap<object, Mark>();
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #syntaxErrors = 0;
  #aliasDepth = 0;
  #aliasValues = 0;
  #aliasReported = false;

  constructor(base: number, lines: LineIndex, limits: ParseLimits) {
    this.#base = base;
    this.#lines = lines;
    this.#limits = limits;
  }

  read(text: string): YamlValue {
    const tokens = this.#tokens(text);
    const composed = tokens === undefined ? undefined : this.#compose(tokens, text.length);
    const root = composed?.contents ?? null;
    const value = root === null ? undefined : this.#value(root, [], 0);
    return {
      value: this.#findings.some((f) => f.severity === 'error') ? undefined : value,
      start: this.#offset(root),
      marks: this.#marks,
      findings: this.#findings,
    };
  }

  #tokens(text: string): CST.Token[] | undefined {
    const parser = new Parser();
    const tokens: CST.Token[] = [];
    let lexemes = 0;
    for (const lexeme of new Lexer().lex(text)) {
      if (++lexemes > this.#limits.maxLexemes) {
        this.#report(
          'KA_POLICY_TOO_LARGE',
          `more than ${this.#limits.maxLexemes} words and signs in one document`,
          [],
          parser.offset,
        );
        return undefined;
      }
      for (const token of parser.next(lexeme)) tokens.push(token);
      if (parser.stack.length > this.#limits.maxDepth + 2) {
        this.#report(
          'KA_POLICY_TOO_DEEP',
          `nested more than ${this.#limits.maxDepth} levels deep`,
          [],
          parser.offset,
        );
        return undefined;
      }
    }
    for (const token of parser.end()) tokens.push(token);
    return tokens;
  }

  #compose(
    tokens: readonly CST.Token[],
    length: number,
  ): { readonly contents: ParsedNode | null } | undefined {
    const composer = new Composer({
      prettyErrors: false,
      uniqueKeys: false,
      customTags: (tags) => [oldBoolean, ...tags],
    });
    // The composer collects an error object for every token of a hopeless text; the first few say enough.
    Object.assign(composer, { onError: this.#onComposeError });
    try {
      const [first, second] = [...composer.compose(tokens, true, length)];
      if (second !== undefined) {
        this.#report(
          'KA_POLICY_SYNTAX',
          'not valid YAML: text after the end of the document',
          [],
          second.range[0],
        );
      }
      return this.#syntaxErrors > 0 ? undefined : first;
    } catch (error) {
      if (error !== stop) throw error;
      return undefined;
    }
  }

  /** Bound because the composer calls it as a plain function. */
  readonly #onComposeError = (
    source: ErrorSource,
    _code: string,
    message: string,
    isWarning?: boolean,
  ): void => {
    // The composer may report our own exception as an error of the text.
    if (this.#syntaxErrors >= 3) throw stop;
    const offset = typeof source === 'number' ? source : Array.isArray(source) ? source[0] : source.offset;
    if (isWarning === true) {
      this.#report('KA_POLICY_SYNTAX', `doubtful YAML: ${clipped(message)}`, [], offset, 'warning');
      return;
    }
    this.#report('KA_POLICY_SYNTAX', `not valid YAML: ${clipped(message)}`, [], offset);
    if (++this.#syntaxErrors >= 3) throw stop;
  };

  #value(node: Node, path: Path, depth: number): unknown {
    if (this.#aliasDepth > 0) this.#aliasValues++;
    if (this.#aliasValues > this.#limits.maxAliasValues) return undefined;
    if (depth > this.#limits.maxDepth) {
      this.#report('KA_POLICY_TOO_DEEP', `nested more than ${this.#limits.maxDepth} levels deep`, path, node);
      return undefined;
    }
    if (isAlias(node)) return this.#expanded(node, path, depth);
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value;
    this.#open.add(node);
    const value = isMap(node)
      ? this.#map(node, path, depth)
      : isSeq(node)
        ? this.#list(node, path, depth)
        : null;
    this.#open.delete(node);
    return value;
  }

  #expanded(alias: Alias, path: Path, depth: number): unknown {
    const node = this.#anchors.get(alias.source);
    if (node === undefined || this.#open.has(node)) {
      const problem = node === undefined ? 'names no anchor before it' : 'stands inside its own anchor';
      this.#report('KA_POLICY_ALIAS', `the alias *${alias.source.slice(0, 40)} ${problem}`, path, alias);
      return undefined;
    }
    this.#aliasDepth++;
    const wasWithin = this.#aliasValues <= this.#limits.maxAliasValues;
    const value = this.#value(node, path, depth);
    this.#aliasDepth--;
    if (wasWithin && this.#aliasValues > this.#limits.maxAliasValues && !this.#aliasReported) {
      this.#aliasReported = true;
      this.#report(
        'KA_POLICY_ALIAS',
        `aliases add more than ${this.#limits.maxAliasValues} values`,
        path,
        alias,
      );
    }
    return value;
  }

  #list(node: YAMLSeq, path: Path, depth: number): unknown[] {
    const list: unknown[] = [];
    const keys = new Map<number, { key: number; value: number }>();
    for (const [i, item] of node.items.entries()) {
      const offset = this.#offset(item as Node);
      keys.set(i, { key: offset, value: offset });
      list.push(this.#value(item as Node, [...path, i], depth + 1));
    }
    this.#marks.set(list, { start: this.#offset(node), keys });
    return list;
  }

  #map(node: YAMLMap, path: Path, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const keys = new Map<string, { key: number; value: number }>();
    const merged: Record<string, unknown>[] = [];
    for (const { key, value } of node.items as { key: Node | null; value: Node | null }[]) {
      const name = this.#keyName(key, path);
      if (name === undefined) continue;
      const inner = value === null ? null : this.#value(value, [...path, name], depth + 1);
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        merged.push(...this.#mergeSources(inner, [...path, name], key));
        continue;
      }
      if (keys.has(name)) {
        const message = `the key ${JSON.stringify(name)} stands here for the second time and replaces the first`;
        this.#report('KA_POLICY_DUPLICATE_KEY', message, [...path, name], key, 'warning');
      }
      setOwn(map, name, inner);
      keys.set(name, {
        key: this.#offset(key),
        value: value === null ? this.#offset(key) : this.#offset(value),
      });
    }
    for (const source of merged) {
      for (const [name, value] of Object.entries(source)) {
        if (Object.hasOwn(map, name)) continue;
        setOwn(map, name, value);
        const place = this.#marks.get(source)?.keys.get(name);
        if (place !== undefined) keys.set(name, place);
      }
    }
    this.#marks.set(map, { start: this.#offset(node), keys });
    return map;
  }

  #mergeSources(value: unknown, path: Path, at: Node): Record<string, unknown>[] {
    const sources = Array.isArray(value) ? value : [value];
    if (sources.every(isRecord)) return sources;
    this.#report('KA_POLICY_ALIAS', 'a merge key takes a mapping or a list of mappings', path, at);
    return [];
  }

  #keyName(key: Node | null, path: Path): string | undefined {
    const value = isScalar(key) ? key.value : undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value);
    this.#report('KA_POLICY_SYNTAX', 'a key must be a text', path, key);
    return undefined;
  }

  #offset(node: Node | null): number {
    return this.#base + (node?.range?.[0] ?? 0);
  }

  #report(
    code: PolicyCode,
    message: string,
    path: Path,
    at: Node | number | null,
    severity: Finding['severity'] = 'error',
  ): void {
    if (this.#findings.length >= this.#limits.maxFindings) return;
    const offset = typeof at === 'number' ? this.#base + at : this.#offset(at);
    this.#findings.push(finding(severity, code, message, path, this.#lines.placeAt(offset)));
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Plain assignment of `__proto__` would change the object's prototype instead of adding a key. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}
