/**
 * Writes the TypeScript face of bpf/abi/*.h: clang is the authority on layout and the BTF of abi.bpf.c its signed
 * statement. `--check` writes nothing and fails when the committed files differ.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const abiDir = join(root, 'bpf/abi');
const outDir = join(root, 'libs/contract/abi/src/generated');

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly encoding?: string;
  readonly members?: readonly {
    readonly name: string;
    readonly type_id: number;
    readonly bits_offset: number;
  }[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

/** What a struct member is once typedefs are followed. */
type Shape =
  | { readonly kind: 'int'; readonly size: number; readonly signed: boolean; readonly char: boolean }
  | { readonly kind: 'array'; readonly length: number; readonly of: Shape }
  | { readonly kind: 'struct'; readonly struct: Struct };

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly shape: Shape;
}

interface Struct {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

interface XRow {
  readonly name: string;
  readonly text?: string;
}

interface Abi {
  readonly constants: readonly { readonly name: string; readonly value: number }[];
  readonly enums: readonly {
    readonly name: string;
    readonly values: readonly { readonly name: string; readonly val: number }[];
  }[];
  readonly structs: readonly Struct[];
  readonly lists: ReadonlyMap<string, readonly XRow[]>;
}

/** bpftool lives in sbin, which an ordinary user's PATH leaves out. */
const env = { ...process.env, PATH: [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter) };

const clang = (args: readonly string[], input?: string): string =>
  execFileSync(process.env['CLANG'] ?? 'clang', ['-target', 'bpf', '-I', abiDir, ...args], {
    encoding: 'utf8',
    env,
    ...(input === undefined ? {} : { input }),
  });

const btfOf = (source: string, dir: string): readonly BtfType[] => {
  const object = join(dir, 'abi.o');
  clang(['-g', '-O2', '-Wall', '-Werror', '-c', '-x', 'c', '-', '-o', object], source);
  const dump: unknown = JSON.parse(
    execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], { encoding: 'utf8', env }),
  );
  return (dump as { types: BtfType[] }).types;
};

const readAbi = (): Abi => {
  const dir = mkdtempSync(join(tmpdir(), 'ka-abi-'));
  try {
    const source = readFileSync(join(abiDir, 'abi.bpf.c'), 'utf8');
    const macros = clang(['-dM', '-E', '-x', 'c', '-'], source).split('\n');

    // Macros leave no BTF, enumerators do.
    const objectMacros = macros.flatMap((line) => /^#define (KA_\w+) \S/.exec(line)?.[1] ?? []).sort();
    const probe = `${source}\nenum ka_constants { ${objectMacros.map((name) => `CONSTANT_${name} = ${name},`).join(' ')} };\nenum ka_constants export_constants;\n`;
    const types = btfOf(probe, dir);
    const byId = new Map(types.map((type) => [type.id, type]));

    const shapeOf = (id: number): Shape => {
      const type = byId.get(id);
      switch (type?.kind) {
        case 'TYPEDEF':
          return shapeOf(type.type_id ?? 0);
        case 'INT':
          return {
            kind: 'int',
            size: type.size ?? 0,
            signed: type.encoding === 'SIGNED',
            char: type.name === 'char',
          };
        case 'ARRAY':
          return { kind: 'array', length: type.nr_elems ?? 0, of: shapeOf(type.type_id ?? 0) };
        case 'STRUCT':
          return { kind: 'struct', struct: structOf(type) };
        default:
          throw new Error(
            `bpf/abi: type ${id} is a ${type?.kind ?? 'missing type'}, which may not cross the border`,
          );
      }
    };
    const structOf = (type: BtfType): Struct => ({
      name: type.name,
      size: type.size ?? 0,
      fields: (type.members ?? []).map((m) => ({
        name: m.name,
        offset: m.bits_offset / 8,
        shape: shapeOf(m.type_id),
      })),
    });
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

    const listNames = macros.flatMap((line) => /^#define (KA_\w+)\(X\)/.exec(line)?.[1] ?? []).sort();
    const dumped = clang(
      ['-E', '-P', '-x', 'c', '-'],
      `${source}\n#define ROW(name, ...) @@{"name": #name __VA_OPT__(, "text":) __VA_ARGS__}\n${listNames.map((name) => `@@[${name}]\n${name}(ROW)`).join('\n')}\n`,
    );
    const lists = new Map<string, XRow[]>();
    let rows: XRow[] = [];
    for (const piece of dumped.split('@@').slice(1)) {
      const list = /^\[(\w+)]/.exec(piece.trim());
      if (list?.[1] === undefined) rows.push(JSON.parse(piece.trim()) as XRow);
      else lists.set(list[1], (rows = []));
    }

    const enums = types.filter((t) => t.kind === 'ENUM' && t.name.startsWith('ka_'));
    return {
      constants: (enums.find((e) => e.name === 'ka_constants')?.values ?? []).map((v) => ({
        name: v.name.replace('CONSTANT_', ''),
        value: v.val,
      })),
      enums: enums
        .filter((e) => e.name !== 'ka_constants')
        .map((e) => ({ name: e.name, values: e.values ?? [] }))
        .sort(byName),
      structs: types
        .filter((t) => t.kind === 'STRUCT' && t.name.startsWith('ka_'))
        .map(structOf)
        .sort(byName),
      lists,
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

const pascal = (name: string): string =>
  name.replace(/^ka_/, '').replace(/(?:^|_)(\w)/g, (_, c: string) => c.toUpperCase());
const camel = (name: string): string =>
  name.toLowerCase().replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
const isPad = (field: Field): boolean => /^pad\d*$/.test(field.name);

const banner =
  '// Generated by tools/gen-abi.ts from bpf/abi/*.h. Do not edit: change the headers and run it again.\n';

/** Members share a prefix that the type's name repeats. */
const enumPrefix = (values: readonly { readonly name: string }[]): string => {
  const words = values.map((v) => v.name.split('_').slice(0, -1));
  const first = words[0] ?? [];
  let n = 0;
  while (n < first.length && words.every((w) => w[n] === first[n])) n++;
  return n === 0 ? '' : `${first.slice(0, n).join('_')}_`;
};

const printLayout = (abi: Abi): string => {
  const out = [banner];
  for (const { name, value } of abi.constants) out.push(`export const ${name} = ${value};`);
  for (const { name, values } of abi.enums) {
    const prefix = enumPrefix(values);
    const members = values.filter((v) => !v.name.endsWith('_COUNT'));
    const count = values.find((v) => v.name.endsWith('_COUNT'));
    out.push('', `export const ${pascal(name)} = {`);
    for (const v of members) out.push(`  ${v.name.slice(prefix.length)}: ${v.val},`);
    out.push(
      '} as const;',
      `export type ${pascal(name)} = (typeof ${pascal(name)})[keyof typeof ${pascal(name)}];`,
    );
    if (count) out.push(`export const ${count.name} = ${count.val};`);
  }
  for (const [name, rows] of abi.lists) {
    if (name === 'KA_TEXTS') continue;
    out.push('', `/** By number. */`, `export const ${camel(name.replace(/^KA_(\w+)S$/, '$1'))}List = [`);
    for (const row of rows) {
      const text = row.text === undefined ? '' : `, text: '${row.text.replace(/'/g, "\\'")}'`;
      out.push(`  { name: '${row.name}'${text} },`);
    }
    out.push('] as const;');
  }
  for (const struct of abi.structs) {
    out.push(
      '',
      `/** \`struct ${struct.name}\` */`,
      `export const ${pascal(struct.name)}Layout = {`,
      `  sizeBytes: ${struct.size},`,
    );
    for (const field of struct.fields)
      if (!isPad(field)) out.push(`  ${camel(field.name)}: ${field.offset},`);
    out.push('} as const;');
  }
  return `${out.join('\n')}\n`;
};

const scalarKind = (shape: Shape & { kind: 'int' }): string => {
  if (shape.size === 8) return shape.signed ? 'BigInt64LE' : 'BigUInt64LE';
  if (shape.size === 1) return shape.signed ? 'Int8' : 'UInt8';
  return `${shape.signed ? 'Int' : 'UInt'}${shape.size * 8}LE`;
};

const tsType = (shape: Shape): string => {
  switch (shape.kind) {
    case 'int':
      return shape.size === 8 ? 'bigint' : 'number';
    case 'array':
      if (shape.of.kind === 'int' && shape.of.size === 1) return 'Buffer';
      return `readonly ${tsType(shape.of)}[]`;
    case 'struct':
      return pascal(shape.struct.name);
  }
};

/** Structs that travel; the plan's tables are written as a whole by the plan compiler. */
const travels = (name: string): boolean =>
  name === 'ka_header' || name.startsWith('ka_event_') || name.startsWith('ka_frame_');

interface Leaf {
  readonly key: string;
  readonly offset: number;
  readonly shape: Shape;
}

/** The header's members become the record's own, so that every decoder makes one flat object. */
const leavesOf = (struct: Struct): readonly Leaf[] =>
  struct.fields
    .filter((f) => !isPad(f))
    .flatMap((f) =>
      f.shape.kind === 'struct'
        ? f.shape.struct.fields.map((h) => ({
            key: camel(h.name),
            offset: f.offset + h.offset,
            shape: h.shape,
          }))
        : [{ key: camel(f.name), offset: f.offset, shape: f.shape }],
    );

const at = (offset: number): string => (offset === 0 ? 'off' : `off + ${offset}`);

const decodeLeaf = ({ offset, shape }: Leaf): string => {
  if (shape.kind === 'int') return `buf.read${scalarKind(shape)}(${at(offset)})`;
  if (shape.kind !== 'array' || shape.of.kind !== 'int')
    throw new Error('bpf/abi: only arrays of numbers may travel');
  if (shape.of.char) return `text(buf, ${at(offset)}, ${shape.length})`;
  if (shape.of.size === 1) return `buf.subarray(${at(offset)}, ${at(offset + shape.length)})`;
  const { size } = shape.of;
  const read = `buf.read${scalarKind(shape.of)}`;
  if (shape.length > 8)
    return `Array.from({ length: ${shape.length} }, (_, i) => ${read}(${at(offset)} + ${size} * i))`;
  return `[${Array.from({ length: shape.length }, (_, i) => `${read}(${at(offset + size * i)})`).join(', ')}]`;
};

const encodeLeaf = ({ key, offset, shape }: Leaf): string => {
  if (shape.kind === 'int') return `buf.write${scalarKind(shape)}(value.${key}, ${offset});`;
  if (shape.kind !== 'array' || shape.of.kind !== 'int')
    throw new Error('bpf/abi: only arrays of numbers may travel');
  if (shape.of.size === 1)
    return `put(buf, value.${key}, ${offset}, ${shape.of.char ? shape.length - 1 : shape.length}, '${key}');`;
  const { size } = shape.of;
  return `for (let i = 0; i < ${shape.length}; i++) buf.write${scalarKind(shape.of)}(value.${key}[i] ?? ${size === 8 ? '0n' : '0'}, ${offset} + ${size} * i);`;
};

const printCodec = (abi: Abi): string => {
  const texts = (abi.lists.get('KA_TEXTS') ?? []).map((row) => camel(row.name));
  const kinds = new Map(
    abi.enums.flatMap((e) => (/_kind$/.test(e.name) ? e.values.map((v) => [v.name, v.val] as const) : [])),
  );
  const out = [
    banner,
    '/** Fixed text up to its terminator; a slice, not a copy. */',
    'const text = (buf: Buffer, start: number, length: number): Buffer => {',
    '  const end = buf.indexOf(0, start);',
    '  return buf.subarray(start, end < 0 || end > start + length ? start + length : end);',
    '};',
    '',
    'const put = (buf: Buffer, bytes: Uint8Array, offset: number, room: number, field: string): void => {',
    '  if (bytes.length > room) throw new RangeError(`${field} takes ${room} bytes, not ${bytes.length}`);',
    '  buf.set(bytes, offset);',
    '};',
  ];
  for (const struct of abi.structs.filter((s) => travels(s.name))) {
    const type = pascal(struct.name);
    const leaves = leavesOf(struct);
    const tails = struct.name.startsWith('ka_event_') ? texts : [];
    const isTailLength = (leaf: Leaf): boolean => tails.some((t) => leaf.key === `${t}Len`);
    const shown = leaves.filter((leaf) => !isTailLength(leaf));
    const kind = kinds.get(
      struct.name
        .replace(/^ka_event_/, 'KA_EVENT_')
        .replace(/^ka_frame_/, 'KA_FRAME_')
        .toUpperCase(),
    );
    const given = shown.filter(
      (leaf) => struct.name === 'ka_header' || !['size', 'kind', 'abiVersion'].includes(leaf.key),
    );

    out.push(
      '',
      `/** \`struct ${struct.name}\`${tails.length > 0 ? ' and the texts behind it; texts are slices of the buffer' : ''} */`,
    );
    out.push(`export interface ${type} {`);
    for (const leaf of shown) out.push(`  readonly ${leaf.key}: ${tsType(leaf.shape)};`);
    for (const t of tails) out.push(`  readonly ${t}: Buffer;`);
    out.push('}');

    if (tails.length > 0) {
      const lens = tails.map((t) => leaves.find((leaf) => leaf.key === `${t}Len`)?.offset ?? 0);
      out.push(
        '',
        '/** Bytes that the record says it has; the caller compares them with what is there before decoding. */',
      );
      out.push(`export const sizeOf${type} = (buf: Buffer, off: number): number =>`);
      out.push(`  ${struct.size} + ${lens.map((o) => `buf.readUInt16LE(${at(o)})`).join(' + ')};`);
      out.push('', `export const decode${type} = (buf: Buffer, off: number): ${type} => {`);
      tails.forEach((t, i) => {
        const start = i === 0 ? at(struct.size) : `${tails[i - 1]}End`;
        out.push(`  const ${t}End = ${start} + buf.readUInt16LE(${at(lens[i] ?? 0)});`);
      });
      out.push('  return {');
      for (const leaf of shown) out.push(`    ${leaf.key}: ${decodeLeaf(leaf)},`);
      tails.forEach((t, i) =>
        out.push(`    ${t}: buf.subarray(${i === 0 ? at(struct.size) : `${tails[i - 1]}End`}, ${t}End),`),
      );
      out.push('  };', '};');
    } else {
      out.push('', `export const decode${type} = (buf: Buffer, off: number): ${type} => ({`);
      for (const leaf of shown) out.push(`  ${leaf.key}: ${decodeLeaf(leaf)},`);
      out.push('});');
    }

    const omitted = struct.name === 'ka_header' ? type : `Omit<${type}, 'size' | 'kind' | 'abiVersion'>`;
    if (kind === undefined && struct.name !== 'ka_header')
      throw new Error(`bpf/abi: struct ${struct.name} has no kind of its name`);
    const tailParam = struct.name === 'ka_frame_plan_put' ? ', blob: Uint8Array' : '';
    out.push('', `export const encode${type} = (value: ${omitted}${tailParam}): Buffer => {`);
    const tailSize =
      tails.map((t) => ` + value.${t}.length`).join('') + (tailParam === '' ? '' : ' + blob.length');
    out.push(`  const buf = Buffer.alloc(${struct.size}${tailSize});`);
    if (struct.name !== 'ka_header') {
      out.push(
        '  buf.writeUInt32LE(buf.length, 0);',
        `  buf.writeUInt16LE(${kind}, 4);`,
        `  buf.writeUInt16LE(${abi.constants.find((c) => c.name === 'KA_ABI_VERSION')?.value ?? 0}, 6);`,
      );
    }
    for (const leaf of given) out.push(`  ${encodeLeaf(leaf)}`);
    for (const t of tails)
      out.push(
        `  buf.writeUInt16LE(value.${t}.length, ${leaves.find((leaf) => leaf.key === `${t}Len`)?.offset ?? 0});`,
      );
    if (tails.length > 0) {
      out.push(`  let end = ${struct.size};`);
      tails.forEach((t, i) => {
        out.push(`  buf.set(value.${t}, end);`);
        if (i < tails.length - 1) out.push(`  end += value.${t}.length;`);
      });
    }
    if (tailParam !== '') out.push(`  buf.set(blob, ${struct.size});`);
    out.push('  return buf;', '};');
  }
  return `${out.join('\n')}\n`;
};

const main = (args: readonly string[]): number => {
  const check = args.includes('--check');
  const abi = readAbi();
  let stale = 0;
  for (const [name, text] of [
    ['layout.ts', printLayout(abi)],
    ['codec.ts', printCodec(abi)],
  ] as const) {
    const path = join(outDir, name);
    if (!check) {
      writeFileSync(path, text);
      continue;
    }
    let committed: string;
    try {
      committed = readFileSync(path, 'utf8');
    } catch {
      committed = '';
    }
    if (committed !== text) {
      stale++;
      process.stderr.write(
        `libs/contract/abi/src/generated/${name} differs from what bpf/abi/*.h gives: run node tools/gen-abi.ts\n`,
      );
    }
  }
  return stale === 0 ? 0 : 1;
};

process.exitCode = main(process.argv.slice(2));
