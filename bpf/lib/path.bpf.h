/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_PATH_BPF_H
#define KA_PATH_BPF_H

/*
 * Paths as rules mean them: from the root of the caller's mount namespace, built from the leaf upwards, so the text
 * ends at a fixed place and starts somewhere before it.
 *
 * Not bpf_d_path: it starts at the task's chroot and is allowed in few hooks only (kernel/trace/bpf_trace.c,
 * bpf_d_path_allowed).
 *
 * The walk takes no lock. A rename that races with it can give a text of the old name under the new parent. That does
 * not help an attacker: a file that a Block rule covers, and every directory above one, cannot be renamed away within
 * its workload (prog/rename), so for such a file there is no second place to race to.
 *
 * Invariants
 *  1. text[KA_PATH_END] is NUL, and no byte of a built path is.
 *  2. A path starts with '/' and, the root apart, does not end in one. A directory has no trailing slash.
 */

#include "maps.bpf.h"

#define KA_PATH_END KA_PATH_MAX
/* One name can be copied to the last offset below KA_PATH_END, and a '/' be put behind the path. */
#define KA_NAME_MAX 255
#define KA_PATH_ROOM (KA_PATH_END + KA_NAME_MAX + 9)

struct ka_path {
	char text[KA_PATH_ROOM];
	__u32 crossings; /* from a mount to its parent */
	__u32 pad;
};

struct ka_place {
	__u64 mnt;    /* struct vfsmount */
	__u64 dentry; /* struct dentry */
};

struct path_walk {
	struct ka_path *path;
	__u64 dentry;
	__u64 mnt;
	__u64 mnt_root;
	__u64 stop; /* struct mount at the namespace's root */
	__u32 at;
	__u32 built;
};

static __always_inline bool path_prepend(struct path_walk *walk, __u64 dentry)
{
	struct ka_path *path = walk->path;
	__u32 length = KA_READ(struct dentry, dentry, d_name.len);
	__u64 name = KA_ADDRESS(struct dentry, dentry, d_name.name);
	__u32 at = walk->at;

	if (length > KA_NAME_MAX || at < length + 1)
		return false;
	at -= length + 1;
	KA_HIDDEN_BOUND(at, 4095);
	KA_HIDDEN_BOUND(length, 255);
	path->text[at] = '/';
	if (bpf_probe_read_kernel(path->text + at + 1, length, (void *)name))
		return false;
	walk->at = at;
	return true;
}

static long path_step(__u32 i, struct path_walk *walk)
{
	__u64 dentry = walk->dentry;
	__u64 parent;

	if (dentry == walk->mnt_root) {
		__u64 offset = bpf_core_field_offset(struct mount, mnt);
		__u64 mount = walk->mnt - offset;

		if (mount == walk->stop)
			goto built;
		parent = KA_ADDRESS(struct mount, mount, mnt_parent);
		if (parent == mount || !parent) {
			/* A file mounted on its own, such as runc's sealed copy of itself, bears its name. */
			__u64 inode = KA_ADDRESS(struct dentry, dentry, d_inode);
			__u32 at = walk->at;

			if (at == KA_PATH_END && (KA_READ(struct inode, inode, i_mode) & S_IFMT) != S_IFDIR &&
			    !path_prepend(walk, dentry))
				return 1;
			goto built;
		}
		walk->dentry = KA_ADDRESS(struct mount, mount, mnt_mountpoint);
		walk->mnt = parent + offset;
		walk->mnt_root = KA_ADDRESS(struct mount, parent, mnt.mnt_root);
		walk->path->crossings += 1;
		return 0;
	}
	parent = KA_ADDRESS(struct dentry, dentry, d_parent);
	if (parent == dentry) {
		struct ka_path *path = walk->path;
		__u32 at;

		/*
		 * No way up. Files without a directory (memfd, fs/file_table.c alloc_file_pseudo) have a name of their own;
		 * the rest is called "/": a place moved out of its mount, or a file handle's disconnected dentry
		 * (fs/dcache.c, __d_obtain_alias), where no rule could be sure what it sees.
		 */
		if (!path_prepend(walk, dentry))
			return 1;
		at = walk->at;
		KA_HIDDEN_BOUND(at, 4095);
		if (path->text[at + 1] == '/')
			return 1;
		goto built;
	}
	if (!path_prepend(walk, dentry))
		return 1;
	walk->dentry = parent;
	return 0;
built:
	walk->built = 1;
	return 1;
}

/* The namespace's root mount, as a number; 0 for a task that is past exit_task_namespaces: walks end at the top. */
static __always_inline __u64 path_namespace_root(struct task_struct *task)
{
	return (__u64)task->nsproxy->mnt_ns->root;
}

/* Where the path starts in path->text, or -1 if it cannot be built. */
__noinline int ka_path_build(struct ka_path *path, __u64 mnt, __u64 dentry, __u64 stop)
{
	struct path_walk walk = {
		.path = path, .mnt = mnt, .dentry = dentry, .stop = stop, .at = KA_PATH_END,
	};

	if (!path)
		return -1;
	walk.mnt_root = KA_ADDRESS(struct vfsmount, mnt, mnt_root);
	path->crossings = 0;
	path->text[KA_PATH_END] = 0;
	bpf_loop(KA_PATH_MAX, path_step, &walk, 0);
	if (!walk.built)
		return -1;
	if (walk.at == KA_PATH_END) {
		walk.at = KA_PATH_END - 1;
		path->text[KA_PATH_END - 1] = '/';
	}
	return walk.at;
}

static long alias_step(__u32 i, struct path_walk *walk)
{
	__u64 dentry = walk->dentry;
	__u64 parent;

	if (dentry == walk->stop) {
		walk->built = 1;
		return 1;
	}
	parent = KA_ADDRESS(struct dentry, dentry, d_parent);
	if (parent == dentry || !path_prepend(walk, dentry))
		return 1;
	walk->dentry = parent;
	return 0;
}

/* The same from `root` down within one file system, whatever is mounted where; -1 if the dentry is not below it. */
__noinline int ka_path_build_below(struct ka_path *path, __u64 dentry, __u64 root)
{
	struct path_walk walk = {
		.path = path, .dentry = dentry, .stop = root, .at = KA_PATH_END,
	};

	if (!path)
		return -1;
	path->text[KA_PATH_END] = 0;
	bpf_loop(KA_PATH_MAX, alias_step, &walk, 0);
	if (!walk.built)
		return -1;
	if (walk.at == KA_PATH_END) {
		walk.at = KA_PATH_END - 1;
		path->text[KA_PATH_END - 1] = '/';
	}
	return walk.at;
}

#endif
