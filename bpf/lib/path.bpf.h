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
 * its workload (prog/path.bpf.c), so for such a file there is no second place to race to.
 *
 * Invariants
 *  1. text[KA_PATH_END] is NUL, and no byte of a built path is.
 *  2. A path starts with '/' and, the root apart, does not end in one. A directory has no trailing slash.
 *  3. What lies in the text before a path's start is rubbish: names are copied in whole words, from their ends.
 */

#include "maps.bpf.h"

/* Room for the rubbish in front and PATH_MAX bytes; offsets below KA_PATH_SPAN are safe to read a name's length from. */
#define KA_PATH_END (8 + KA_PATH_MAX)
#define KA_PATH_SPAN 8192
#define KA_NAME_MAX 255
#define KA_PATH_ROOM (KA_PATH_SPAN + KA_NAME_MAX + 9)
/* Mount crossings and components taken without a loop's overhead; most paths end within. */
#define PATH_STEPS_INLINE 8
#define NAME_WORDS_INLINE 4

/*
 * The walk's own state lies beside the text: what the verifier loads from there it knows nothing about, so all the
 * ways through one step look the same to the next, and are checked once.
 */
struct ka_path {
	char text[KA_PATH_ROOM];
	__u32 at; /* where the path starts so far */
	__u32 built;
	__u32 crossings; /* from a mount to its parent */
	__u32 pad;
	__u64 dentry;
	__u64 mnt;
	__u64 mnt_root;
	__u64 stop; /* struct mount at the namespace's root; below a directory: its dentry */
};

struct ka_place {
	__u64 mnt;    /* struct vfsmount */
	__u64 dentry; /* struct dentry */
};

/* A dentry's parent and name. */
struct dentry_head {
	__u64 parent;
	__u64 hash_len; /* struct qstr: the length is its upper half */
	__u64 name;
};

/* Stands for eight bytes anywhere: a kernel type that is nothing but numbers of that size. */
struct user_regs_struct {
	unsigned long r15;
} __attribute__((preserve_access_index));

static __always_inline __u64 read_word(__u64 address)
{
	return ((struct user_regs_struct *)bpf_rdonly_cast((void *)address,
							   bpf_core_type_id_kernel(struct user_regs_struct)))
		->r15;
}

static __always_inline bool words_readable(void)
{
	return &bpf_rdonly_cast && bpf_core_type_exists(struct user_regs_struct);
}

static __always_inline void read_head(struct dentry_head *head, __u64 dentry)
{
	if (&bpf_rdonly_cast) {
		head->parent = KA_ADDRESS(struct dentry, dentry, d_parent);
		head->hash_len = KA_READ(struct dentry, dentry, d_name.hash_len);
		head->name = KA_ADDRESS(struct dentry, dentry, d_name.name);
	} else {
		/* The two have been neighbours since 2.6 (include/linux/dcache.h): one call instead of three. */
		bpf_probe_read_kernel(head, sizeof(*head), (void *)(dentry + bpf_core_field_offset(struct dentry, d_parent)));
	}
}

static __always_inline bool path_prepend(struct ka_path *path, const struct dentry_head *head)
{
	__u32 length = head->hash_len >> 32;
	__u32 end = path->at;
	__u32 at;

	if (length > KA_NAME_MAX || end < length + 1 + 8)
		return false;
	at = end - length - 1;
	path->at = at;
	KA_HIDDEN_BOUND(at, 8191);
	if (words_readable() && length <= 8 * NAME_WORDS_INLINE) {
		__u64 from = head->name + length;

#pragma unroll
		for (__u32 word = 1; word <= NAME_WORDS_INLINE; word++) {
			__u32 to = end - 8 * word;

			KA_HIDDEN_BOUND(to, 8191);
			*(__u64 *)(path->text + to) = read_word(from - 8 * word);
			if (length <= 8 * word)
				break;
		}
	} else {
		KA_HIDDEN_BOUND(length, 255);
		if (bpf_probe_read_kernel(path->text + at + 1, length, (void *)head->name))
			return false;
	}
	path->text[at] = '/';
	return true;
}

/*
 * A file that has no way up. Kernel-made ones (memfd, fs/file_table.c alloc_file_pseudo) bear a name of their own, or
 * none (nsfs, fs/nsfs.c): those are called by their file system. What is left are file handles' disconnected dentries
 * (fs/dcache.c, __d_obtain_alias): no rule could be sure what it sees.
 */
static __always_inline long path_take_parentless(struct ka_path *path, __u64 dentry, struct dentry_head *head)
{
	__u64 super = KA_ADDRESS(struct dentry, dentry, d_sb);
	__u64 type, length;
	char first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), (void *)head->name);
	if (first == '/') {
		if (!(KA_READ(struct super_block, super, s_flags) & SB_KERNMOUNT))
			return 1;
		type = KA_ADDRESS(struct super_block, super, s_type);
		head->name = KA_ADDRESS(struct file_system_type, type, name);
		length = bpf_probe_read_kernel_str(path->text, KA_NAME_MAX, (void *)head->name);
		head->hash_len = (length - 1) << 32;
	}
	path->built = path_prepend(path, head);
	return 1;
}

/* One component, or one crossing; not 0 at the end, with path->built set if it is a good one. */
static __always_inline long path_take(struct ka_path *path)
{
	struct dentry_head head;
	__u64 dentry = path->dentry;

	if (dentry == path->mnt_root) {
		__u64 offset = bpf_core_field_offset(struct mount, mnt);
		__u64 mount = path->mnt - offset;
		__u64 parent;

		if (mount == path->stop)
			goto built;
		parent = KA_ADDRESS(struct mount, mount, mnt_parent);
		if (parent == mount || !parent) {
			/* A file mounted on its own, such as runc's sealed copy of itself, bears its name. */
			__u64 inode = KA_ADDRESS(struct dentry, dentry, d_inode);

			if (path->at == KA_PATH_END && (KA_READ(struct inode, inode, i_mode) & S_IFMT) != S_IFDIR) {
				read_head(&head, dentry);
				if (!path_prepend(path, &head))
					return 1;
			}
			goto built;
		}
		path->dentry = KA_ADDRESS(struct mount, mount, mnt_mountpoint);
		path->mnt = parent + offset;
		path->mnt_root = KA_ADDRESS(struct mount, parent, mnt.mnt_root);
		path->crossings += 1;
		return 0;
	}
	read_head(&head, dentry);
	if (head.parent == dentry && path->at == KA_PATH_END)
		return path_take_parentless(path, dentry, &head);
	if (head.parent == dentry || !path_prepend(path, &head))
		return 1;
	path->dentry = head.parent;
	return 0;
built:
	path->built = 1;
	return 1;
}

struct path_walk {
	struct ka_path *path;
};

static long path_step(__u32 i, struct path_walk *walk)
{
	return path_take(walk->path);
}

static __always_inline int path_finish(struct ka_path *path)
{
	if (!path->built)
		return -1;
	if (path->at == KA_PATH_END) {
		path->text[KA_PATH_END - 1] = '/';
		return KA_PATH_END - 1;
	}
	return path->at;
}

/* The namespace's root mount, as a number; 0 for a task that is past exit_task_namespaces: walks end at the top. */
static __always_inline __u64 path_namespace_root(struct task_struct *task)
{
	return (__u64)task->nsproxy->mnt_ns->root;
}

/* Where the path starts in path->text, or -1 if it cannot be built. */
__noinline int ka_path_build(struct ka_path *path, __u64 mnt, __u64 dentry, __u64 stop)
{
	struct path_walk walk = { .path = path };

	if (!path)
		return -1;
	path->text[KA_PATH_END] = 0;
	path->at = KA_PATH_END;
	path->built = 0;
	path->crossings = 0;
	path->dentry = dentry;
	path->mnt = mnt;
	path->mnt_root = KA_ADDRESS(struct vfsmount, mnt, mnt_root);
	path->stop = stop;
#pragma unroll
	for (int i = 0; i < PATH_STEPS_INLINE; i++) {
		barrier();
		if (path_take(path))
			return path_finish(path);
	}
	bpf_loop(KA_PATH_MAX, path_step, &walk, 0);
	return path_finish(path);
}

static long below_step(__u32 i, struct path_walk *walk)
{
	struct ka_path *path = walk->path;
	__u64 dentry = path->dentry;
	struct dentry_head head;

	if (dentry == path->stop) {
		path->built = 1;
		return 1;
	}
	read_head(&head, dentry);
	if (head.parent == dentry || !path_prepend(path, &head))
		return 1;
	path->dentry = head.parent;
	return 0;
}

/* The same from `root` down within one file system, whatever is mounted where; -1 if the dentry is not below it. */
__noinline int ka_path_build_below(struct ka_path *path, __u64 dentry, __u64 root)
{
	struct path_walk walk = { .path = path };

	if (!path)
		return -1;
	path->text[KA_PATH_END] = 0;
	path->at = KA_PATH_END;
	path->built = 0;
	path->dentry = dentry;
	path->stop = root;
	bpf_loop(KA_PATH_MAX, below_step, &walk, 0);
	return path_finish(path);
}

#endif
