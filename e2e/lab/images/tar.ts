/** One entry of a layer. Owners, modes and times are spelled out, so a layer does not depend on who builds it. */
export interface TarEntry {
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'symlink';
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: Buffer;
  readonly target?: string;
}

const BLOCK = 512;
const kinds = { file: '0', symlink: '2', dir: '5' } as const;

/** A ustar archive (POSIX.1-1988 header) of these entries in this order; the same entries give the same bytes. */
export function createTar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0);
    parts.push(
      header(entry, content.length),
      content,
      Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
    );
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const name = entry.path.replace(/^\/+/, '') + (entry.kind === 'dir' ? '/' : '');
  const target = entry.target ?? '';
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(target) > 100)
    throw new Error(`${entry.path}: too long for a ustar header`);
  const text = (at: number, value: string): void => void block.write(value, at, 'utf8');
  const octal = (at: number, width: number, value: number): void =>
    text(at, value.toString(8).padStart(width - 1, '0'));
  text(0, name);
  octal(100, 8, entry.mode);
  octal(108, 8, entry.uid ?? 0);
  octal(116, 8, entry.gid ?? 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  block.fill(' ', 148, 156);
  text(156, kinds[entry.kind]);
  text(157, target);
  text(257, 'ustar\x0000');
  const sum = block.reduce((total, byte) => total + byte, 0);
  text(148, sum.toString(8).padStart(6, '0') + '\0 ');
  return block;
}
