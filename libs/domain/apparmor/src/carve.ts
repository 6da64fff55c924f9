import { literalText, setText } from './pattern-text.ts';
import type { Region, RegionPattern } from './region.ts';

type PathRegion = Exclude<RegionPattern, { readonly kind: 'glob' }>;

/** How many lines one rule may become. */
export const MAX_PIECES = 256;

const SLASH = 0x2f;

interface Node {
  readonly children: Map<number, Node>;
  /** The name that ends here is permitted. */
  open: boolean;
  /** Every name that goes on from here is permitted; `component`: while it has one component more. */
  below: 'all' | 'component' | undefined;
}

/**
 * The names of a directory without those of some regions, as patterns for file rules: byte for byte along the holes'
 * paths, everything that leaves them. Undefined when the rest cannot be said exactly, or takes too many patterns.
 */
export function carve(directory: Region, holes: readonly Region[]): readonly string[] | undefined {
  const { pattern } = directory;
  if (pattern.kind !== 'directory') return undefined;
  const root = node();
  for (const { pattern: hole } of holes) {
    if (hole.kind === 'glob') return undefined;
    // A directory is a child of the one above it, whose own rule may be the hole.
    if (hole.kind === 'directory' && !hole.recursive && isParent(hole.path, pattern.path))
      dig(root, { kind: 'exact', path: pattern.path });
    dig(root, hole);
  }
  const start = descend(root, pattern.path);
  if (start === 'open') return [];
  const writer = new Writer(pattern.recursive);
  return writer.directory(pattern.path, start) ? writer.pieces : undefined;
}

const node = (): Node => ({ children: new Map(), open: false, below: undefined });

function step(at: Node, byte: number): Node {
  let next = at.children.get(byte);
  if (next === undefined) {
    next = node();
    at.children.set(byte, next);
  }
  return next;
}

const isParent = (above: Uint8Array, path: Uint8Array): boolean =>
  path.length > 0 && path.lastIndexOf(SLASH) === above.length && above.every((byte, at) => path[at] === byte);

function dig(root: Node, hole: PathRegion): void {
  const isRoot = hole.path.length === 1 && hole.path[0] === SLASH;
  let at = root;
  if (!isRoot) for (const byte of hole.path) at = step(at, byte);
  at.open = true;
  const inside = step(at, SLASH);
  inside.open = true;
  if (hole.kind === 'directory') {
    if (hole.recursive) inside.below = 'all';
    else inside.below ??= 'component';
  }
}

function descend(root: Node, path: Uint8Array): Node | undefined | 'open' {
  let at: Node | undefined = root;
  for (const byte of path) {
    if (at?.below === 'all') return 'open';
    at = at?.children.get(byte);
  }
  return at;
}

class Writer {
  readonly pieces: string[] = [];
  private readonly recursive: boolean;

  constructor(recursive: boolean) {
    this.recursive = recursive;
  }

  directory(path: Uint8Array, at: Node | undefined): boolean {
    const text = literalText(path);
    if (path.length > 0 && at?.open !== true) this.pieces.push(text);
    const inside = at?.children.get(SLASH);
    return inside === undefined
      ? this.add(`${text}/{,${this.recursive ? '**' : '*,*/'}}`)
      : this.names(`${text}/`, inside, true);
  }

  /** Every name that begins with `text`, but for the open ones. */
  private names(text: string, at: Node, afterSlash: boolean): boolean {
    if (at.below === 'all') return true;
    if (at.below === 'component') return this.grandchildren(text, at);
    const taken = [...at.children.keys()].sort((a, b) => a - b);
    const isOpen = at.open;
    const rest = this.rest(taken, afterSlash);
    for (const one of isOpen ? rest : ['', ...rest]) if (!this.add(text + one)) return false;
    for (const byte of taken) {
      const child = at.children.get(byte)!;
      const name = text + literalText(Uint8Array.of(byte));
      if (byte === SLASH && !this.recursive) {
        if (!child.open && !this.add(name)) return false;
      } else if (!this.names(name, child, byte === SLASH)) return false;
    }
    return true;
  }

  /** What follows and begins with another byte than those taken. */
  private rest(taken: readonly number[], afterSlash: boolean): readonly string[] {
    if (this.recursive) return [`${setText({ inverted: true, members: taken })}**`];
    const others = setText({
      inverted: true,
      members: [...new Set([...taken, SLASH])].sort((a, b) => a - b),
    });
    const ends = afterSlash || taken.includes(SLASH) ? [] : ['/'];
    return [`${others}*{,/}`, ...ends];
  }

  /** The children are open: what is below them is not, unless holes go deeper. */
  private grandchildren(text: string, at: Node): boolean {
    if (!this.recursive) return true;
    return !goesDeeper(at) && this.add(`${text}*/?**`);
  }

  private add(piece: string): boolean {
    this.pieces.push(piece);
    return this.pieces.length <= MAX_PIECES;
  }
}

function goesDeeper(at: Node): boolean {
  for (const [byte, child] of at.children) {
    if (byte === SLASH ? child.children.size > 0 || child.below !== undefined : goesDeeper(child))
      return true;
  }
  return false;
}
