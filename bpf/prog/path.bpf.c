/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Changes to names and attributes: all are writes, in the file class. What these hooks answer when they cannot decide:
 * -EACCES if the plan's file class can block anything, else 0; counted either way.
 *
 * The security_path_* hooks and not the inode ones: only these know the mount, and they are called for what callers
 * ask for, not for what file systems do on their behalf below (overlayfs creating in its upper layer).
 */

/*
 * A name without a file has no inode, and the verifier of 6.12 believes that d_inode of a hook's dentry is never null
 * (kernel/bpf/verifier.c, BTF_TYPE_SAFE_TRUSTED): a plain load would have no fault handler and bring the kernel down.
 */
static __always_inline __u64 inode_of(struct dentry *dentry)
{
	return KA_ADDRESS(struct dentry, dentry, d_inode);
}

static __always_inline __u32 owner_of(struct dentry *dentry)
{
	__u64 inode = inode_of(dentry);

	return KA_READ(struct inode, inode, i_uid.val);
}

static __always_inline bool is_directory(struct dentry *dentry)
{
	__u64 inode = inode_of(dentry);

	return (KA_READ(struct inode, inode, i_mode) & S_IFMT) == S_IFDIR;
}

static __always_inline int judge_name(struct vfsmount *mnt, struct dentry *dentry, __u32 owner_uid, __u32 hook,
				      __u32 options)
{
	struct ka_subject who;
	struct ka_scratch *slot;
	int answer;

	if (!task_subject(&who))
		return 0;
	slot = judge_begin(&who, KA_CLASS_FILE, &answer);
	if (!slot)
		return answer;
	slot->access.hook = hook;
	slot->access.options = options;
	slot->access.place[0].mnt = (__u64)mnt;
	slot->access.place[0].dentry = (__u64)dentry;
	slot->access.write = KA_ACCESS_WRITE;
	slot->access.owner_uid[0] = owner_uid;
	return judge_end(slot);
}

SEC("lsm/path_mknod")
int BPF_PROG(on_path_mknod, const struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev, int ret)
{
	return ret ?: judge_name(dir->mnt, dentry, owner_of(dir->dentry), KA_HOOK_FILE_MKNOD, 0);
}

SEC("lsm/path_mkdir")
int BPF_PROG(on_path_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode, int ret)
{
	return ret ?: judge_name(dir->mnt, dentry, owner_of(dir->dentry), KA_HOOK_FILE_MKDIR, 0);
}

SEC("lsm/path_symlink")
int BPF_PROG(on_path_symlink, const struct path *dir, struct dentry *dentry, const char *old_name, int ret)
{
	return ret ?: judge_name(dir->mnt, dentry, owner_of(dir->dentry), KA_HOOK_FILE_SYMLINK, 0);
}

SEC("lsm/path_rmdir")
int BPF_PROG(on_path_rmdir, const struct path *dir, struct dentry *dentry, int ret)
{
	return ret ?: judge_name(dir->mnt, dentry, owner_of(dentry), KA_HOOK_FILE_RMDIR, 0);
}

SEC("lsm/path_unlink")
int BPF_PROG(on_path_unlink, const struct path *dir, struct dentry *dentry, int ret)
{
	return ret ?: judge_name(dir->mnt, dentry, owner_of(dentry), KA_HOOK_FILE_UNLINK, 0);
}

SEC("lsm/path_chmod")
int BPF_PROG(on_path_chmod, const struct path *path, umode_t mode, int ret)
{
	return ret ?: judge_name(path->mnt, path->dentry, owner_of(path->dentry), KA_HOOK_FILE_CHMOD, 0);
}

/*
 * The uid and gid arguments are structs by value, which trampolines take since 6.1 (arch/x86/net/bpf_jit_comp.c,
 * get_nr_used_regs); on older kernels this hook is refused and left out. The verdict of earlier LSMs is the fourth
 * slot: a 4-byte struct takes one.
 */
SEC("lsm/path_chown")
int on_path_chown(__u64 *ctx)
{
	const struct path *path = (const struct path *)ctx[0];
	int ret = (int)ctx[3];

	return ret ?: judge_name(path->mnt, path->dentry, owner_of(path->dentry), KA_HOOK_FILE_CHOWN, 0);
}

/* truncate; before 6.2 ftruncate and O_TRUNC too, which file_open has judged: those are no news unless denied. */
SEC("lsm/path_truncate")
int BPF_PROG(on_path_truncate, const struct path *path, int ret)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u32 options = regs->orig_ax == NR_TRUNCATE ? 0 : ACCESS_BLOCK_ONLY;

	return ret ?: judge_name(path->mnt, path->dentry, owner_of(path->dentry), KA_HOOK_FILE_TRUNCATE, options);
}

static __always_inline int judge_names(struct vfsmount *old_mnt, struct dentry *old_dentry, const struct path *new_dir,
				       struct dentry *new_dentry, __u32 hook, __u32 options)
{
	struct ka_subject who;
	struct ka_scratch *slot;
	int answer;

	if (!task_subject(&who) || (class_idle(&who, KA_CLASS_FILE) && class_idle(&who, KA_CLASS_EXEC)))
		return 0;
	slot = judge_claim(&who, KA_CLASS_FILE, &answer);
	if (!slot)
		return answer;
	slot->access.hook = hook;
	slot->access.place[0].mnt = (__u64)old_mnt;
	slot->access.place[0].dentry = (__u64)old_dentry;
	slot->access.place[1].mnt = (__u64)new_dir->mnt;
	slot->access.place[1].dentry = (__u64)new_dentry;
	slot->access.write = KA_ACCESS_WRITE;
	slot->access.owner_uid[0] = owner_of(old_dentry);
	slot->access.owner_uid[1] = inode_of(new_dentry) ? owner_of(new_dentry) : owner_of(new_dir->dentry);
	if (is_directory(old_dentry) || (options & ACCESS_EXCHANGE && is_directory(new_dentry)))
		options |= ACCESS_DIRECTORY;
	slot->access.options = options;
	return judge_end_pair(slot);
}

/* Both names are on one mount (fs/namei.c, do_linkat: else -EXDEV), so the old one's mount is that of the new. */
SEC("lsm/path_link")
int BPF_PROG(on_path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry, int ret)
{
	return ret ?: judge_names(new_dir->mnt, old_dentry, new_dir, new_dentry, KA_HOOK_FILE_LINK, 0);
}

/* `flags` reaches the hook since 5.19; before, an exchange came as two calls (security/security.c). */
SEC("lsm/path_rename")
int BPF_PROG(on_path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry, unsigned int flags, int ret)
{
	return ret ?: judge_names(old_dir->mnt, old_dentry, new_dir, new_dentry, KA_HOOK_FILE_RENAME,
				  flags & RENAME_EXCHANGE ? ACCESS_EXCHANGE : 0);
}
