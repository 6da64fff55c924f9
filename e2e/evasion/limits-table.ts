import type { Goal } from './attack-programs.ts';

/** On a volume, the object lies on a mount of its own inside the container, as secrets and service-account tokens do. */
export const PLACES = [
  'container',
  'container+CAP_SYS_ADMIN',
  'volume',
  'volume+CAP_SYS_ADMIN',
  'host',
] as const;
export type Place = (typeof PLACES)[number];
export const POLICIES = ['block', 'allow-list'] as const;
export type PolicyStyle = (typeof POLICIES)[number];
const GOALS: readonly Goal[] = ['read', 'exec', 'write'];

/** One line of the table in docs/limits.md: an attack that is known to work, and where. */
export interface Limit {
  readonly attack: string;
  readonly goals: readonly Goal[];
  readonly policies: readonly PolicyStyle[];
  readonly places: readonly Place[];
  readonly reason: string;
}

const HEADING = '<!-- evasion-limits -->';

/** Reads the table after its marker; throws with the line when a row is not understood, so that no row is idle. */
export function parseLimits(markdown: string): readonly Limit[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.trim() === HEADING);
  if (start < 0) throw new Error(`docs/limits.md: no line "${HEADING}" before the table`);
  const rows: Limit[] = [];
  let inTable = false;
  for (const [offset, line] of lines.slice(start + 1).entries()) {
    if (!line.trim().startsWith('|')) {
      if (inTable) break;
      continue;
    }
    inTable = true;
    const cells = line
      .trim()
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    if (cells[0] === 'attack' || /^[-: ]+$/.test(cells.join(''))) continue;
    rows.push(parseRow(cells, start + offset + 2));
  }
  return rows;
}

function parseRow(cells: readonly string[], line: number): Limit {
  const [attack, goals, policies, places, reason] = cells;
  if (
    cells.length !== 5 ||
    attack === undefined ||
    !/^`[\w-]+`$/.test(attack) ||
    reason === undefined ||
    reason.length < 10
  )
    throw new Error(`docs/limits.md:${line}: a row is attack in backticks, goals, policies, places, reason`);
  return {
    attack: attack.slice(1, -1),
    goals: parseList(goals!, GOALS, line),
    policies: parseList(policies!, POLICIES, line),
    places: parseList(places!, PLACES, line),
    reason,
  };
}

function parseList<T extends string>(cell: string, known: readonly T[], line: number): readonly T[] {
  if (cell === 'any') return known;
  return cell.split(',').map((word) => {
    const found = known.find((one) => one === word.trim());
    if (found === undefined)
      throw new Error(`docs/limits.md:${line}: "${word.trim()}" is none of ${known.join(', ')}, any`);
    return found;
  });
}
