import type { Alert, Log } from '@kubearmor-ts/proto';

/** What a file event did or tried to do to its object. */
export type FileChange =
  | 'open'
  | 'read'
  | 'create'
  | 'update'
  | 'delete'
  | 'rename'
  | 'attributes'
  | 'security'
  | 'mount'
  | 'unmount';

const byHook: Readonly<Record<string, FileChange>> = {
  FILE_MKNOD: 'create',
  FILE_MKDIR: 'create',
  FILE_SYMLINK: 'create',
  FILE_LINK: 'create',
  FILE_UNLINK: 'delete',
  FILE_RMDIR: 'delete',
  FILE_RENAME: 'rename',
  FILE_CHMOD: 'security',
  FILE_CHOWN: 'security',
  FILE_TRUNCATE: 'update',
  SB_MOUNT: 'mount',
  MOVE_MOUNT: 'mount',
  SYS_UNLINK: 'delete',
  SYS_UNLINKAT: 'delete',
  SYS_RMDIR: 'delete',
  SYS_MKDIR: 'create',
  SYS_MKDIRAT: 'create',
  SYS_MKNOD: 'create',
  SYS_MKNODAT: 'create',
  SYS_SYMLINK: 'create',
  SYS_SYMLINKAT: 'create',
  SYS_LINK: 'create',
  SYS_LINKAT: 'create',
  SYS_RENAME: 'rename',
  SYS_RENAMEAT: 'rename',
  SYS_RENAMEAT2: 'rename',
  SYS_CHMOD: 'security',
  SYS_FCHMOD: 'security',
  SYS_FCHMODAT: 'security',
  SYS_CHOWN: 'security',
  SYS_FCHOWN: 'security',
  SYS_LCHOWN: 'security',
  SYS_FCHOWNAT: 'security',
  SYS_TRUNCATE: 'update',
  SYS_FTRUNCATE: 'update',
  SYS_MOUNT: 'mount',
  SYS_MOVE_MOUNT: 'mount',
  SYS_UMOUNT2: 'unmount',
};

/** By hook or system call; an open by its flags, and merely `open` where they are not known. */
export function fileChange(event: Alert | Log): FileChange {
  const { EventData: data } = event;
  const known = byHook[data['Lsm'] ?? ''] ?? byHook[data['Syscall'] ?? ''];
  if (known !== undefined) return known;
  const flags = (data['Flags'] ?? '').split('|');
  if (flags.includes('O_CREAT')) return 'create';
  if (flags.includes('O_WRONLY') || flags.includes('O_RDWR') || flags.includes('O_TRUNC')) return 'update';
  return flags.includes('O_RDONLY') ? 'read' : 'open';
}
