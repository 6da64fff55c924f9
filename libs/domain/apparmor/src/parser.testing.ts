/*
 * The real parser as a judge: what it compiles a profile to, walked byte by byte. Nothing of the projection is in here.
 */

const features = [
  '--policy-features',
  '/etc/apparmor.d/abi/3.0',
  '--kernel-features',
  '/etc/apparmor.d/abi/3.0',
];

export interface ParserRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the judge needs of Node's `spawnSync`. */
export type SpawnSync = (
  command: string,
  args: readonly string[],
  options: { input: string; encoding: 'latin1'; timeout: number; maxBuffer: number },
) => ParserRun & { readonly error?: Error };

export interface Judge {
  /** Compiles without loading; needs no kernel with AppArmor. */
  runParser(text: string, ...more: readonly string[]): ParserRun;
  /** Automata by profile, children by name; every profile must have a rule for a file. */
  compileRules(text: string): readonly CompiledRules[];
}

export function createJudge(spawn: SpawnSync): Judge {
  const runParser: Judge['runParser'] = (text, ...more) => {
    const { status, stdout, stderr, error } = spawn(
      'apparmor_parser',
      ['--skip-kernel-load', '--skip-cache', ...features, ...more],
      { input: text, encoding: 'latin1', timeout: 60_000, maxBuffer: 256 * 1024 * 1024 },
    );
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  };
  return {
    runParser,
    compileRules: (text) => {
      const run = runParser(text, '-D', 'dfa-states');
      if (run.status !== 0) throw new Error(`${run.stderr}\n${text}`);
      const dumps = run.stderr.split(/^\{1\} <== /m).slice(1);
      // For each profile the rules of files come first, then those of everything else.
      return dumps.filter((_, at) => at % 2 === 0).map((dump) => new CompiledRules(readDump(dump)));
    },
  };
}

export interface Permissions {
  readonly allow: number;
  readonly audit: number;
}

export const EXEC = 1;
export const WRITE = 2;
export const READ = 4;

interface State {
  allow: number;
  audit: number;
  readonly edges: Map<number, number>;
  /** Where every other byte leads; absent: nowhere. */
  fallback: number | undefined;
  excluded: ReadonlySet<number>;
}

/** The file rules of one profile as the kernel would get them. */
export class CompiledRules {
  private readonly states: ReadonlyMap<number, State>;

  constructor(states: ReadonlyMap<number, State>) {
    this.states = states;
  }

  of(name: Uint8Array, isOwner: boolean): Permissions {
    let at = this.states.get(1);
    for (const byte of name) {
      if (at === undefined) break;
      let next = at.edges.get(byte);
      if (next === undefined && !at.excluded.has(byte)) next = at.fallback;
      at = next === undefined ? undefined : this.states.get(next);
    }
    const shift = isOwner ? 0 : 14;
    const half = (mask: number): number => (mask >>> shift) & 0x3fff;
    return { allow: half(at?.allow ?? 0), audit: half(at?.audit ?? 0) };
  }
}

function readDump(dump: string): ReadonlyMap<number, State> {
  const states = new Map<number, State>();
  const stateOf = (id: number): State => {
    let state = states.get(id);
    if (state === undefined) {
      state = { allow: 0, audit: 0, edges: new Map(), fallback: undefined, excluded: new Set() };
      states.set(id, state);
    }
    return state;
  };
  stateOf(1);
  let current: State | undefined;
  for (const line of dump.split('\n')) {
    const header = /^\{(\d+)\} (?:\S+ )?\(0x ([0-9a-f]+)\/([0-9a-f]+)\/([0-9a-f]+)\//.exec(line);
    const begin = /^\{(\d+)\} perms:/.exec(line);
    if (begin !== null) current = stateOf(Number(begin[1]));
    else if (header !== null) {
      const state = stateOf(Number(header[1]));
      state.allow = Number.parseInt(header[2]!, 16) & ~Number.parseInt(header[3]!, 16);
      state.audit = Number.parseInt(header[4]!, 16);
    } else if (current !== undefined) readEdge(line, current, stateOf);
  }
  return states;
}

function readEdge(line: string, state: State, stateOf: (id: number) => State): void {
  const edge = /^ {4}(?:.* )?0x([0-9a-f]{1,2}) -> \{(\d+)\}/s.exec(line);
  if (edge !== null) {
    stateOf(Number(edge[2]));
    state.edges.set(Number.parseInt(edge[1]!, 16), Number(edge[2]));
    return;
  }
  const rest = /^ {4}\[\^?(.*)\] -> \{(\d+)\}/s.exec(line);
  if (rest === null) {
    if (line.includes('->')) throw new Error(`unreadable transition: ${line}`);
    return;
  }
  stateOf(Number(rest[2]));
  state.fallback = Number(rest[2]);
  state.excluded = new Set(readBytes(rest[1]!));
}

const NAMED: Readonly<Record<string, number>> = { a: 7, b: 8, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11 };

function* readBytes(text: string): Generator<number> {
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      yield text.charCodeAt(at);
      continue;
    }
    const next = text[++at]!;
    if (next === 'x') {
      const digits = /^[0-9a-f]{1,2}/.exec(text.slice(at + 1))![0];
      at += digits.length;
      yield Number.parseInt(digits, 16);
    } else yield NAMED[next] ?? next.charCodeAt(0);
  }
}
