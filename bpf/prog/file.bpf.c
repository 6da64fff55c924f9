/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Opening and writing files. What these hooks answer when they cannot decide: -EACCES if the plan's file class can
 * block anything, else 0; counted either way (decision.bpf.h, invariant 3).
 *
 * security_file_open (fs/open.c, do_dentry_open) sees every way to get a usable descriptor: open, openat2, io_uring,
 * the reopening of an O_PATH descriptor through /proc/self/fd, and the opening of programs by exec. The dentry is the
 * one that was found, so symlinks, "..", /proc/self/root and relative names are behind us.
 */

/*
 * A dentry for the inode that overlayfs opens behind its own file. Since 6.5 the file's path is the real one
 * (fs/file_table.c, alloc_empty_backing_file), before it is the overlay's, with another inode.
 */
static __always_inline void file_place_behind(struct ka_scratch *slot, struct file *file)
{
	__u64 alias = 0;

	if (file->f_inode == file->f_path.dentry->d_inode) {
		slot->access.place[0].dentry = (__u64)file->f_path.dentry;
		return;
	}
	bpf_core_read(&alias, sizeof(alias), &file->f_inode->i_dentry.first);
	slot->access.place[0].dentry = alias ? alias - bpf_core_field_offset(struct dentry, d_u.d_alias) :
					       (__u64)file->f_path.dentry;
}

/*
 * Namespaces and pidfds are opened like files (fs/nsfs.c, fs/pidfs.c) and have no name that a rule could mean: their
 * dentries are all called "/". A process that holds one has passed the checks of what it can do with it.
 */
static __always_inline bool file_is_nameless(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	char first = 0;

	if (dentry->d_parent != dentry || !is_kernels_mount(mount_of((__u64)file->f_path.mnt)))
		return false;
	bpf_probe_read_kernel(&first, sizeof(first), dentry->d_name.name);
	return first == '/';
}

/*
 * True for what overlayfs opens on its own account, on its private mount and under its mounter's credentials: the file
 * behind its own, and both ends of a copy to the upper layer (fs/overlayfs/copy_up.c, ovl_path_open), which bear no
 * flag of their own. The program's own open of the overlay's file is judged as any other.
 */
static __always_inline bool file_is_overlays_own(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return file->f_mode & FMODE_NOACCOUNT ||
	       (task->cred != task->real_cred && is_kernels_mount(mount_of((__u64)file->f_path.mnt)));
}

/* A program on top of overlayfs has the overlay's name for exec's own check; here it is seen by its real one. */
static __always_inline int judge_program_behind(const struct ka_subject *who, struct file *file)
{
	struct ka_scratch *slot;
	int answer;

	slot = judge_begin(who, KA_CLASS_EXEC, &answer);
	if (!slot)
		return answer;
	slot->access.hook = KA_HOOK_SECURITY_BPRM_CHECK;
	slot->access.options = ACCESS_BEHIND;
	slot->access.place[0].mnt = (__u64)file->f_path.mnt;
	file_place_behind(slot, file);
	slot->access.write = 0;
	slot->access.owner_uid[0] = file->f_inode->i_uid.val;
	return judge_end(slot);
}

SEC("lsm/file_open")
int BPF_PROG(on_file_open, struct file *file, int ret)
{
	struct ka_subject who;
	struct ka_scratch *slot;
	bool overlays_own;
	fmode_t mode;

	if (ret)
		return ret;
	if (!task_subject(&who))
		return 0;
	mode = file->f_mode;
	/* Just made by this open: security_path_mknod has judged the name (fs/namei.c, may_o_create). */
	if (mode & FMODE_CREATED)
		return 0;
	overlays_own = file_is_overlays_own(file);
	if (overlays_own && (__u64)file->f_inode->i_sb != who.root_super)
		return 0;
	if (file_is_nameless(file))
		return 0;
	if (is_out_of_sight(&who, (__u64)file->f_path.mnt))
		return refuse_out_of_sight(&who, file, KA_HOOK_FILE_OPEN);
	if (overlays_own && file->f_flags & FMODE_EXEC) {
		ret = judge_program_behind(&who, file);
		if (ret)
			return ret;
	}
	slot = judge_begin(&who, KA_CLASS_FILE, &ret);
	if (!slot)
		return ret;
	slot->access.hook = KA_HOOK_FILE_OPEN;
	slot->access.place[0].mnt = (__u64)file->f_path.mnt;
	slot->access.place[0].dentry = (__u64)file->f_path.dentry;
	if (overlays_own) {
		slot->access.options = ACCESS_BEHIND;
		file_place_behind(slot, file);
	}
	slot->access.write = mode & FMODE_WRITE ? KA_ACCESS_WRITE : 0;
	slot->access.owner_uid[0] = file->f_inode->i_uid.val;
	slot->access.open_flags = file->f_flags;
	return judge_end(slot);
}

/* A write through a descriptor that was opened before a rule forbade writing, or that came from outside. */
static __always_inline int judge_descriptor(struct file *file, __u32 hook)
{
	struct ka_subject who;
	struct ka_scratch *slot;
	int answer;

	if (!task_subject(&who) || !(class_flags(who.plan, KA_CLASS_FILE) & KA_CLASS_WRITE_MATTERS))
		return 0;
	slot = judge_begin(&who, KA_CLASS_FILE, &answer);
	if (!slot)
		return answer;
	slot->access.hook = hook;
	slot->access.options = ACCESS_BLOCK_ONLY;
	slot->access.place[0].mnt = (__u64)file->f_path.mnt;
	slot->access.place[0].dentry = (__u64)file->f_path.dentry;
	slot->access.write = KA_ACCESS_WRITE;
	slot->access.owner_uid[0] = file->f_inode->i_uid.val;
	slot->access.open_flags = file->f_flags;
	return judge_end(slot);
}

/*
 * Runs for every read and write (fs/read_write.c, rw_verify_area), so it leaves first: reads were judged at open, and
 * writes are looked at again only where the plan has rules on writing.
 */
SEC("lsm/file_permission")
int BPF_PROG(on_file_permission, struct file *file, int mask, int ret)
{
	if (ret)
		return ret;
	if (!(mask & (MAY_WRITE | MAY_APPEND)))
		return 0;
	if (file->f_mode & FMODE_NOACCOUNT || (file->f_inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	return judge_descriptor(file, KA_HOOK_FILE_PERMISSION);
}

/* ftruncate and O_TRUNC since 6.2 (fs/open.c, do_ftruncate; fs/namei.c, handle_truncate); file_open judged before. */
SEC("lsm/file_truncate")
int BPF_PROG(on_file_truncate, struct file *file, int ret)
{
	if (ret)
		return ret;
	return judge_descriptor(file, KA_HOOK_FILE_TRUNCATE);
}
