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

/* By the first eight bytes of the name. */
static __always_inline bool is_own_map(__u64 name)
{
	static const char own[][9] = { "arena\0\0", "workload", "cgroup_n", "cgroup_i", "tasks\0\0", "counters",
				       "alerts\0", "telemetr", "seq\0\0\0\0", "events_t", "meta\0\0\0", "scratch" };
	__u64 word;

#pragma unroll
	for (__u32 i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		__builtin_memcpy(&word, own[i], sizeof(word));
		if (name == word)
			return true;
	}
	return false;
}

/*
 * Whoever has CAP_SYS_ADMIN may open every map on the machine by its id, ours too: a write to one binding would end
 * the enforcement. Links need no such guard: those of LSM programs cannot be detached (kernel/bpf/syscall.c,
 * link_detach). What is refused here has no path to report; it is counted.
 */
SEC("lsm/bpf_map")
int BPF_PROG(on_bpf_map, struct bpf_map *map, fmode_t mode, int ret)
{
	struct ka_subject who;
	__u64 name = 0;

	if (ret)
		return ret;
	if (!guard_applies(&who))
		return 0;
	bpf_probe_read_kernel(&name, sizeof(name), map->name);
	if (!is_own_map(name))
		return 0;
	ka_count(KA_COUNTER_BLOCKED);
	return -EACCES;
}
