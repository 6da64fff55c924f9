export { CgroupResolver, findCgroup2Mount } from './cgroup-resolver.ts';
export type { RuntimeUpdate } from './runtime-update.ts';
export { watchContainerd } from './watch-containerd.ts';
export type { ContainerdWatchOptions } from './watch-containerd.ts';
export { watchRunc } from './watch-runc.ts';
export type { RuncWatchOptions } from './watch-runc.ts';
