/**
 * Keeps test/verifier-cost.json: what the verifier spends on each program, by kernel. Takes the output of
 * `.output/prog/verifier-cost .output/kubearmor.bpf.o` on its standard input; `--check` changes nothing and fails when a
 * program costs a tenth more than what is on record, or was not on record.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const RECORD = new URL('../verifier-cost.json', import.meta.url);

interface Cost {
  readonly kernel: string;
  readonly program: string;
  readonly verified: number;
  readonly loaded: number;
}

type Costs = Readonly<Record<string, Readonly<Record<string, number>>>>;

const isCost = (value: unknown): value is Cost => {
  const cost = value as Partial<Cost> | null;
  return (
    typeof cost?.kernel === 'string' && typeof cost.program === 'string' && typeof cost.verified === 'number'
  );
};

const measured = readFileSync(0, 'utf8')
  .split('\n')
  .flatMap((line) => (line.startsWith('COST ') ? [JSON.parse(line.slice(5)) as unknown] : []))
  .filter(isCost);
if (measured.length === 0) {
  process.stderr.write('no COST line on the standard input\n');
  process.exit(1);
}

const onRecord = JSON.parse(readFileSync(RECORD, 'utf8')) as Costs;
const release = (kernel: string): string => kernel.split('.').slice(0, 2).join('.');

if (process.argv.includes('--check')) {
  const grown = measured.filter(
    ({ kernel, program, verified }) => verified > 1.1 * (onRecord[release(kernel)]?.[program] ?? 0),
  );
  for (const { kernel, program, verified } of grown)
    process.stderr.write(
      `${program} on ${kernel}: ${verified} instructions verified, on record ${onRecord[release(kernel)]?.[program] ?? 'none'}\n`,
    );
  process.exit(grown.length === 0 ? 0 : 1);
}

const now: Record<string, Record<string, number>> = {};
for (const [kernel, programs] of Object.entries(onRecord)) now[kernel] = { ...programs };
for (const kernel of new Set(measured.map((cost) => release(cost.kernel)))) now[kernel] = {};
for (const { kernel, program, verified } of measured) now[release(kernel)]![program] = verified;
writeFileSync(RECORD, `${JSON.stringify(now, null, 2)}\n`);
