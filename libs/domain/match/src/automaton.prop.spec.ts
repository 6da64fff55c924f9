import type { Pattern } from '@kubearmor-ts/policy';
import fc from 'fast-check';
import picomatch from 'picomatch';
import { packEdges } from './edge-table.ts';
import { ROW_WORDS } from './outcome-rows.ts';
import type { StateTable } from './state-table.ts';
import { compilePatterns, matches, outcome, type CompiledPatterns } from './walk.testing.ts';

const part = fc.constantFrom(
  'a',
  'b',
  'ab',
  '*',
  '**',
  '?',
  'a*',
  '*b',
  '[ab]',
  '[^a]c',
  '{a,b}',
  'a**b',
  '*a*b*',
);
const text = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const plain = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'aab', 'c'), { minLength: 1, maxLength: 4 })
  .map((parts) => `/${parts.join('/')}`);
const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  text.map((glob) => ({ kind: 'glob' as const, glob })),
  plain.map((path) => ({ kind: 'exact' as const, path })),
  fc.record({
    kind: fc.constant('directory' as const),
    dir: plain.map((path) => `${path}/`),
    recursive: fc.boolean(),
  }),
  fc.constantFrom('a', 'ab').map((name) => ({ kind: 'execname' as const, name })),
);
const bytes = (path: string): Uint8Array => new TextEncoder().encode(path);

test('an automaton of many patterns says what the automata of each say together', () => {
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 12 }),
      fc.array(plain, { minLength: 10, maxLength: 10 }),
      (patterns, paths) => {
        const all = compilePatterns(patterns);
        for (const path of paths) {
          const expected = new Array<number>(ROW_WORDS).fill(0);
          for (const [at, one] of patterns.entries())
            if (matches(one, path)) expected[at % ROW_WORDS] = at + 1;
          expect(outcome(all, bytes(path))).toEqual(expected);
        }
      },
    ),
    { numRuns: 100 },
  );
});

/** With the smallest budget that lets every pattern in, so that globs are spread over several automata. */
function compileTightly(patterns: readonly Pattern[]): CompiledPatterns {
  for (let states = 32; ; states *= 2) {
    try {
      return compilePatterns(patterns, { globAutomata: 10, glob: { states, work: 1_000_000 } });
    } catch (error) {
      if (states > 10_000) throw error;
    }
  }
}

test('splitting globs over several automata changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 4, maxLength: 10 }),
      fc.array(plain, { minLength: 10, maxLength: 10 }),
      (patterns, paths) => {
        const whole = compilePatterns(patterns);
        const split = compileTightly(patterns);
        for (const path of paths) expect(outcome(split, bytes(path))).toEqual(outcome(whole, bytes(path)));
      },
    ),
    { numRuns: 100 },
  );
});

/** Number of distinguishable states, by the textbook: pairs told apart by their row or by a byte, to a fixed point. */
function distinguishable(table: StateTable): number {
  // Bytes that no pattern of these tests names are alike; "z" stands for them.
  const alphabet = bytes('/abcz');
  let classes = Array.from({ length: table.length }, (_, s) => table.row.items[s]!);
  for (let count = 0; ;) {
    const names = new Map<string, number>();
    classes = classes.map((own, s) => {
      const key = [own, ...Array.from(alphabet, (byte) => classes[table.next(s, byte)])].join();
      if (!names.has(key)) names.set(key, names.size);
      return names.get(key)!;
    });
    if (names.size === count) return count;
    count = names.size;
  }
}

test('no two states of an automaton are equivalent', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (globs) => {
      const { table } = compilePatterns(globs.map((glob) => ({ kind: 'glob', glob })));
      expect(distinguishable(table)).toBe(table.length);
    }),
    { numRuns: 25 },
  );
  fc.assert(
    fc.property(
      fc.array(
        pattern.filter(({ kind }) => kind === 'exact' || kind === 'directory'),
        { minLength: 1, maxLength: 8 },
      ),
      (paths) => {
        const { table } = compilePatterns(paths);
        expect(distinguishable(table)).toBe(table.length);
      },
    ),
    { numRuns: 50 },
  );
});

test('the packed edge table answers every byte of every state as the states do', () => {
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 12 }), (patterns) => {
      const { table } = compilePatterns(patterns);
      const packed = packEdges(table);
      for (let s = 0; s < table.length; s++) {
        const base = packed.base[s]!;
        if (base >= 0) expect(base + 255).toBeLessThan(packed.length);
        for (let byte = 0; byte < 256; byte++) {
          const next =
            base >= 0 && packed.owner[base + byte] === s
              ? packed.target[base + byte]
              : table.fallback.items[s];
          if (next !== table.next(s, byte)) expect([s, byte, next]).toEqual([s, byte, table.next(s, byte)]);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('globs without our own niceties mean what picomatch says', () => {
  const common = fc.constantFrom('a', 'b', 'ab', '?', 'a*', '*b', '[ab]', '{a,b}', 'a?b', '*');
  const glob = fc.array(common, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  fc.assert(
    fc.property(glob, fc.array(plain, { minLength: 10, maxLength: 10 }), (one, paths) => {
      const oracle = picomatch(one, { dot: true, strictSlashes: true });
      for (const path of paths)
        expect([path, matches({ kind: 'glob', glob: one }, path)]).toEqual([path, oracle(path)]);
    }),
    { numRuns: 150 },
  );
});
