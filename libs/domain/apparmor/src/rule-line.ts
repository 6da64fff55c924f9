import { OTHERS_READ, OTHERS_WRITE, OWNER_READS, OWNER_WRITES } from './path-cells.ts';

export type Qualifier = '' | 'audit ' | 'audit deny ';

/** Reading maps and locks too: a lock changes nothing. Making a link makes a name. */
function fileLetters(reads: boolean, writes: boolean): string {
  return (
    (reads ? 'r' : '') + (writes ? 'w' : '') + (reads ? 'm' : '') + (writes ? 'l' : '') + (reads ? 'k' : '')
  );
}

/** The lines of one pattern: what owner and others share, then what only one of them has. */
export function fileLines(qualifier: Qualifier, text: string, cells: number): readonly string[] {
  const has = (bit: number): boolean => (cells & bit) !== 0;
  const reads = [has(OWNER_READS), has(OTHERS_READ)] as const;
  const writes = [has(OWNER_WRITES), has(OTHERS_WRITE)] as const;
  const both = (pair: readonly [boolean, boolean]): boolean => pair[0] && pair[1];
  const lines: string[] = [];
  const add = (who: string, letters: string): void => {
    if (letters !== '') lines.push(`${qualifier}${who}"${text}" ${letters},`);
  };
  add('', fileLetters(both(reads), both(writes)));
  for (const [at, who] of ['owner ', 'other '].entries())
    add(who, fileLetters(reads[at]! && !both(reads), writes[at]! && !both(writes)));
  return lines;
}

/** `mode` is the letters of the transition, or `x` to deny. */
export function execLines(
  qualifier: Qualifier,
  text: string,
  cells: number,
  mode: string,
): readonly string[] {
  const owner = (cells & OWNER_READS) !== 0;
  const others = (cells & OTHERS_READ) !== 0;
  if (!owner && !others) return [];
  const who = owner && others ? '' : owner ? 'owner ' : 'other ';
  return [`${qualifier}${who}"${text}" ${mode},`];
}
