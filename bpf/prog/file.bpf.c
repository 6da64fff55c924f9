/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Opening and writing files. What these hooks answer when they cannot decide: -EACCES if the plan's file class can
 * block anything, else 0; counted either way (decision.bpf.h, invariant 3).
 *
 * security_file_open (fs/open.c, do_dentry_open) sees every way to get a usable descriptor: open, openat2, io_uring,
 * a reopen through /proc/self/fd of an O_PATH descriptor, and the opening of programs by exec; the path is that of
 * the dentry found, so symlinks, "..", /proc/self/root and relative names are behind us.
 */

SEC("lsm/file_open")
int BPF_PROG(on_file_open, struct file *file, int ret)
{
	struct ka_subject who;
	struct ka_scratch *slot;
	struct inode *inode;
	fmode_t mode;

	if (ret)
		return ret;
	if (!task_subject(&who))
		return 0;
	mode = file->f_mode;
	/* Just made by this open: security_path_mknod has judged the name (fs/namei.c, may_o_create). */
	if (mode & FMODE_CREATED)
		return 0;
	slot = judge_begin(&who, KA_CLASS_FILE, &ret);
	if (!slot)
		return ret;
	inode = file->f_inode;
	slot->access.hook = KA_HOOK_FILE_OPEN;
	slot->access.object.mnt = (__u64)file->f_path.mnt;
	slot->access.object.dentry = (__u64)file->f_path.dentry;
	slot->access.write = mode & FMODE_WRITE ? KA_ACCESS_WRITE : 0;
	slot->access.owner_uid = inode->i_uid.val;
	slot->access.open_flags = file->f_flags;
	ret = ka_judge(slot);
	scratch_give(slot);
	return ret ? -EACCES : 0;
}
