/** The `Data` text of audit events and telemetry: the system call by name with its arguments. */

export type Architecture = 'x64' | 'arm64';

interface Syscall {
  readonly name: string;
  readonly x64?: number;
  readonly arm64?: number;
  /** `key=index` of the arguments that appear in Data, in their order; the first three arguments are at hand. */
  readonly shown?: readonly (readonly [
    key: string,
    argument: 0 | 1 | 2,
    form: 'int' | 'open' | 'unlinkat',
  ])[];
}

const syscalls: readonly Syscall[] = [
  { name: 'SYS_OPEN', x64: 2, shown: [['flags', 1, 'open']] },
  {
    name: 'SYS_OPENAT',
    x64: 257,
    arm64: 56,
    shown: [
      ['fd', 0, 'int'],
      ['flags', 2, 'open'],
    ],
  },
  { name: 'SYS_EXECVE', x64: 59, arm64: 221 },
  { name: 'SYS_EXECVEAT', x64: 322, arm64: 281, shown: [['fd', 0, 'int']] },
  { name: 'SYS_UNLINK', x64: 87 },
  { name: 'SYS_UNLINKAT', x64: 263, arm64: 35, shown: [['flags', 2, 'unlinkat']] },
  { name: 'SYS_RMDIR', x64: 84 },
  {
    name: 'SYS_CHOWN',
    x64: 92,
    shown: [
      ['userid', 1, 'int'],
      ['group', 2, 'int'],
    ],
  },
  {
    name: 'SYS_LCHOWN',
    x64: 94,
    shown: [
      ['userid', 1, 'int'],
      ['group', 2, 'int'],
    ],
  },
  {
    name: 'SYS_FCHOWN',
    x64: 93,
    arm64: 55,
    shown: [
      ['fd', 0, 'int'],
      ['userid', 1, 'int'],
      ['group', 2, 'int'],
    ],
  },
  { name: 'SYS_FCHOWNAT', x64: 260, arm64: 54, shown: [['userid', 2, 'int']] },
  { name: 'SYS_MKDIR', x64: 83 },
  { name: 'SYS_MKDIRAT', x64: 258, arm64: 34, shown: [['fd', 0, 'int']] },
  { name: 'SYS_MKNOD', x64: 133 },
  { name: 'SYS_MKNODAT', x64: 259, arm64: 33, shown: [['fd', 0, 'int']] },
  { name: 'SYS_LINK', x64: 86 },
  { name: 'SYS_LINKAT', x64: 265, arm64: 37, shown: [['fd', 0, 'int']] },
  { name: 'SYS_SYMLINK', x64: 88 },
  { name: 'SYS_SYMLINKAT', x64: 266, arm64: 36, shown: [['fd', 1, 'int']] },
  { name: 'SYS_RENAME', x64: 82 },
  { name: 'SYS_RENAMEAT', x64: 264, arm64: 38, shown: [['fd', 0, 'int']] },
  { name: 'SYS_RENAMEAT2', x64: 316, arm64: 276, shown: [['fd', 0, 'int']] },
  { name: 'SYS_CHMOD', x64: 90, shown: [['mode', 1, 'int']] },
  {
    name: 'SYS_FCHMOD',
    x64: 91,
    arm64: 52,
    shown: [
      ['fd', 0, 'int'],
      ['mode', 1, 'int'],
    ],
  },
  {
    name: 'SYS_FCHMODAT',
    x64: 268,
    arm64: 53,
    shown: [
      ['fd', 0, 'int'],
      ['mode', 2, 'int'],
    ],
  },
  {
    name: 'SYS_FCHMODAT2',
    x64: 452,
    arm64: 452,
    shown: [
      ['fd', 0, 'int'],
      ['mode', 2, 'int'],
    ],
  },
  { name: 'SYS_TRUNCATE', x64: 76, arm64: 45 },
  { name: 'SYS_FTRUNCATE', x64: 77, arm64: 46, shown: [['fd', 0, 'int']] },
  { name: 'SYS_READ', x64: 0, arm64: 63, shown: [['fd', 0, 'int']] },
  { name: 'SYS_WRITE', x64: 1, arm64: 64, shown: [['fd', 0, 'int']] },
  { name: 'SYS_PREAD64', x64: 17, arm64: 67, shown: [['fd', 0, 'int']] },
  { name: 'SYS_PWRITE64', x64: 18, arm64: 68, shown: [['fd', 0, 'int']] },
  { name: 'SYS_READV', x64: 19, arm64: 65, shown: [['fd', 0, 'int']] },
  { name: 'SYS_WRITEV', x64: 20, arm64: 66, shown: [['fd', 0, 'int']] },
  { name: 'SYS_SENDFILE', x64: 40, arm64: 71 },
  { name: 'SYS_SPLICE', x64: 275, arm64: 76 },
  { name: 'SYS_COPY_FILE_RANGE', x64: 326, arm64: 285 },
  { name: 'SYS_MMAP', x64: 9, arm64: 222 },
  { name: 'SYS_IO_URING_ENTER', x64: 426, arm64: 426, shown: [['fd', 0, 'int']] },
];

/** Calls that open a file without carrying the flags in their first three arguments: the file's own flags stand in. */
const openers: readonly Syscall[] = [
  { name: 'SYS_CREAT', x64: 85 },
  { name: 'SYS_OPENAT2', x64: 437, arm64: 437, shown: [['fd', 0, 'int']] },
  { name: 'SYS_OPEN_BY_HANDLE_AT', x64: 304, arm64: 265 },
];

const byNumber: Readonly<Record<Architecture, ReadonlyMap<number, Syscall>>> = {
  x64: numbered('x64'),
  arm64: numbered('arm64'),
};

function numbered(arch: Architecture): ReadonlyMap<number, Syscall> {
  return new Map(
    [...syscalls, ...openers].flatMap((row) => (row[arch] === undefined ? [] : [[row[arch], row]])),
  );
}

const commonFlags: readonly (readonly [bit: number, name: string])[] = [
  [0o100, 'O_CREAT'],
  [0o200, 'O_EXCL'],
  [0o400, 'O_NOCTTY'],
  [0o1000, 'O_TRUNC'],
  [0o2000, 'O_APPEND'],
  [0o4000, 'O_NONBLOCK'],
];
const syncFlags: readonly (readonly [bit: number, name: string])[] = [
  [0o4010000, 'O_SYNC'],
  [0o10000, 'O_DSYNC'],
  [0o20000, 'O_ASYNC'],
];
const lateFlags: readonly (readonly [bit: number, name: string])[] = [
  [0o1000000, 'O_NOATIME'],
  [0o2000000, 'O_CLOEXEC'],
  [0o10000000, 'O_PATH'],
];
/** arch/arm64/include/uapi/asm/fcntl.h swaps these four; O_TMPFILE holds the bit of O_DIRECTORY. */
const placedFlags: Readonly<Record<Architecture, readonly (readonly [bit: number, name: string])[]>> = {
  x64: [
    [0o40000, 'O_DIRECT'],
    [0o100000, 'O_LARGEFILE'],
    [0o20200000, 'O_TMPFILE'],
    [0o200000, 'O_DIRECTORY'],
    [0o400000, 'O_NOFOLLOW'],
  ],
  arm64: [
    [0o200000, 'O_DIRECT'],
    [0o400000, 'O_LARGEFILE'],
    [0o20040000, 'O_TMPFILE'],
    [0o40000, 'O_DIRECTORY'],
    [0o100000, 'O_NOFOLLOW'],
  ],
};

/** `O_RDONLY|O_DIRECTORY|O_CLOEXEC`: the access mode, then the flags by rising bit. */
export function openFlagsText(flags: number, arch: Architecture): string {
  const names = [['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][flags & 3]!];
  let rest = flags & ~3;
  for (const [bit, name] of [...commonFlags, ...syncFlags, ...placedFlags[arch], ...lateFlags]) {
    if ((rest & bit) !== bit) continue;
    names.push(name);
    rest &= ~bit;
  }
  return names.join('|');
}

/** `unlinkat` knows one flag; without it the value is empty, the key stays. */
const unlinkatFlagsText = (flags: number): string => ((flags & 0x200) === 0 ? '' : 'AT_REMOVEDIR');

/** The kernel reads descriptors, flags and ids as 32-bit values: what a register holds above is noise. */
const asInt = (argument: bigint): number => Number(BigInt.asIntN(32, argument));

/**
 * `syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC`. Undefined when the access happened outside a system call.
 * A call that is not in the table is named by its number.
 */
export function syscallDataText(
  number: number,
  args: readonly bigint[],
  openFlags: number,
  arch: Architecture,
): string | undefined {
  if (number < 0) return undefined;
  const call = byNumber[arch].get(number);
  if (call === undefined) return `syscall=SYS_${String(number)}`;
  const words = [`syscall=${call.name}`];
  for (const [key, argument, form] of call.shown ?? []) {
    const value = asInt(args[argument] ?? 0n);
    if (form === 'open') words.push(`${key}=${openFlagsText(value, arch)}`);
    else if (form === 'unlinkat') words.push(`${key}=${unlinkatFlagsText(value)}`);
    else words.push(`${key}=${String(value)}`);
  }
  if (openers.includes(call)) words.push(`flags=${openFlagsText(openFlags & ~largeFile[arch], arch)}`);
  return words.join(' ');
}

/** 64-bit kernels add it to every open on their own (include/linux/fcntl.h, force_o_largefile). */
const largeFile: Readonly<Record<Architecture, number>> = { x64: 0o100000, arm64: 0o400000 };
