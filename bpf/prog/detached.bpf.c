/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Mounts that hang nowhere. A copy of a mount made by open_tree, a file system from fsmount, or what `umount -l` left
 * behind is used through a descriptor or a working directory, and paths on it start at its own top: the rules' paths
 * are not to be had. A workload that something is blocked for therefore opens and runs nothing there. There is no hook
 * to refuse the copying itself before 6.15.
 *
 * The host may: container runtimes run a sealed copy of themselves from such a mount.
 */

static __always_inline __u64 mount_of(__u64 vfsmount)
{
	return vfsmount - bpf_core_field_offset(struct mount, mnt);
}

/* A mount that the kernel made for itself: an error pointer stands for its namespace (fs/mount.h, MNT_NS_INTERNAL). */
static __always_inline bool is_kernels_mount(__u64 mount)
{
	return KA_ADDRESS(struct mount, mount, mnt_ns) > -4096ULL;
}

static __always_inline bool is_out_of_sight(const struct ka_subject *who, __u64 vfsmount)
{
	__u64 mount = mount_of(vfsmount);
	__u64 ns;

	if (who->workload == KA_HOST_WORKLOAD || is_kernels_mount(mount))
		return false;
	ns = KA_ADDRESS(struct mount, mount, mnt_ns);
	/* An anonymous namespace has no sequence number (fs/namespace.c, alloc_mnt_ns). */
	if (ns && KA_READ(struct mnt_namespace, ns, seq))
		return false;
	return (class_flags(who->plan, KA_CLASS_FILE) | class_flags(who->plan, KA_CLASS_EXEC)) & KA_CLASS_CAN_BLOCK;
}

static __always_inline int refuse_out_of_sight(const struct ka_subject *who, struct file *file, __u32 hook)
{
	struct ka_scratch *slot;
	int answer;

	ka_count(KA_COUNTER_MOUNTS_REFUSED);
	slot = judge_claim(who, KA_CLASS_FILE, &answer);
	if (!slot)
		return -EACCES;
	slot->access.hook = hook;
	slot->access.place[0].mnt = (__u64)file->f_path.mnt;
	slot->access.place[0].dentry = (__u64)file->f_path.dentry;
	slot->access.owner_uid[0] = file->f_inode->i_uid.val;
	slot->access.write = 0;
	ka_refuse(slot);
	return judge_close(slot, -EACCES);
}
