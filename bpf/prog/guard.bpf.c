/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Changes to a workload's mounts that would give files a second name. Rules name paths, so a workload that something
 * is blocked for may not bind, move or overlay its own files; new file systems of other kinds are its own affair.
 * What these hooks answer when they cannot decide: -EACCES, since a workload with blocking rules has come here to do
 * what is refused anyway.
 */

static __always_inline bool guard_applies(struct ka_subject *who)
{
	return task_subject(who) && who->workload != KA_HOST_WORKLOAD &&
	       (class_flags(who->plan, KA_CLASS_FILE) | class_flags(who->plan, KA_CLASS_EXEC)) & KA_CLASS_CAN_BLOCK;
}

static __always_inline int guard_refuse(const struct ka_subject *who, const struct path *path, __u32 hook)
{
	struct ka_scratch *slot;
	int answer;

	ka_count(KA_COUNTER_MOUNTS_REFUSED);
	slot = judge_claim(who, KA_CLASS_FILE, &answer);
	if (!slot)
		return -EACCES;
	slot->access.hook = hook;
	slot->access.place[0].mnt = (__u64)path->mnt;
	slot->access.place[0].dentry = (__u64)path->dentry;
	slot->access.owner_uid[0] = path->dentry->d_inode->i_uid.val;
	slot->access.write = KA_ACCESS_WRITE;
	ka_refuse(slot);
	return judge_close(slot, -EACCES);
}

SEC("lsm/sb_mount")
int BPF_PROG(on_sb_mount, const char *dev_name, const struct path *path, const char *type, unsigned long flags,
	     void *data, int ret)
{
	struct ka_subject who;
	char kind[8] = {};

	if (ret)
		return ret;
	/* Changing the options of a mount that is there gives nothing a new name. */
	if (flags & MS_REMOUNT)
		return 0;
	if (!guard_applies(&who))
		return 0;
	bpf_probe_read_kernel_str(kind, sizeof(kind), type);
	if (!(flags & (MS_BIND | MS_MOVE)) && __builtin_memcmp(kind, "overlay", sizeof(kind)))
		return 0;
	return guard_refuse(&who, path, KA_HOOK_SB_MOUNT);
}

/* The new mount calls end here: every mount made by open_tree or fsmount is attached by move_mount. */
SEC("lsm/move_mount")
int BPF_PROG(on_move_mount, const struct path *from_path, const struct path *to_path, int ret)
{
	struct ka_subject who;

	if (ret)
		return ret;
	if (!guard_applies(&who))
		return 0;
	return guard_refuse(&who, to_path, KA_HOOK_MOVE_MOUNT);
}

/* Another root for the mount namespace, a volume or a fresh file system, gives every file another path. */
SEC("lsm/sb_pivotroot")
int BPF_PROG(on_sb_pivotroot, const struct path *old_path, const struct path *new_path, int ret)
{
	struct ka_subject who;

	if (ret)
		return ret;
	if (!guard_applies(&who))
		return 0;
	return guard_refuse(&who, new_path, KA_HOOK_SB_MOUNT);
}
