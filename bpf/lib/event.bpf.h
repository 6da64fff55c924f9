/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_EVENT_BPF_H
#define KA_EVENT_BPF_H

/*
 * Alert records (abi/event.h). Texts are collected here, after the verdict, so that silent accesses do not pay.
 * A text that cannot be had is empty; one that was cut is counted.
 */

#include "task.bpf.h"

/* arch/x86/include/asm/thread_info.h: the task is in a 32-bit system call. */
#define TS_COMPAT 2
/* asm/unistd_64.h */
#define NR_EXECVE 59
#define NR_TRUNCATE 76
#define NR_EXECVEAT 322

#define ARGV_MAX 512

static __always_inline __u32 event_add_path(struct ka_scratch *slot, __u32 used, struct ka_path *path, __s32 at,
					    __u16 *length_)
{
	__u32 length;

	if (at < 0)
		return used;
	at &= KA_PATH_SPAN - 1;
	length = KA_PATH_END - at;
	used &= 32767;
	if (length > KA_PATH_MAX || used > KA_TEXT_ROOM ||
	    bpf_probe_read_kernel(slot->text + used, length, path->text + at))
		return used;
	*length_ = length;
	return used + length;
}

/* Adds the path of slot->text_place, over path[0], whose text is in the record already. */
__noinline int event_add_place(struct ka_scratch *slot, __u32 used)
{
	__u32 length;
	int at;

	if (!slot || !slot->text_place.dentry)
		return 0;
	at = ka_path_build(&slot->path[0], slot->text_place.mnt, slot->text_place.dentry, slot->stop);
	if (at < 0) {
		ka_count(KA_COUNTER_TEXT_TRUNCATED);
		return 0;
	}
	at &= KA_PATH_SPAN - 1;
	length = KA_PATH_END - at;
	used &= 32767;
	if (length > KA_PATH_MAX || used > KA_TEXT_ROOM ||
	    bpf_probe_read_kernel(slot->text + used, length, slot->path[0].text + at))
		return 0;
	return length;
}

struct argv_walk {
	struct ka_scratch *slot;
	__u64 argv;
	__u32 used;
	__u32 end;
};

static long argv_step(__u32 i, struct argv_walk *walk)
{
	struct ka_scratch *slot = walk->slot;
	__u32 used = walk->used;
	__u64 arg = 0;
	long length;

	if (bpf_probe_read_user(&arg, sizeof(arg), (void *)(walk->argv + 8ull * i)) || !arg)
		return 1;
	if (used >= walk->end) {
		ka_count(KA_COUNTER_TEXT_TRUNCATED);
		return 1;
	}
	used &= 32767;
	if (used > KA_TEXT_ROOM)
		return 1;
	length = bpf_probe_read_user_str(slot->text + used, KA_PATH_MAX, (void *)arg);
	if (length <= 0)
		return 1;
	walk->used = used + length;
	return 0;
}

/* The arguments of the program that execve or execveat is asked for, out of the caller's memory. */
static __noinline __u32 event_add_argv(struct ka_scratch *slot, __u32 used, __u64 argv, __u16 *length_)
{
	struct argv_walk walk = {
		.slot = slot, .argv = argv, .used = used, .end = used + KA_CMDLINE_MAX,
	};

	bpf_loop(ARGV_MAX, argv_step, &walk, 0);
	if (walk.used > walk.end) {
		walk.used = walk.end;
		ka_count(KA_COUNTER_TEXT_TRUNCATED);
	}
	*length_ = walk.used - used;
	return walk.used;
}

static __noinline __u32 event_add_cmdline(struct ka_scratch *slot, __u32 used, struct task_struct *task,
					       __u16 *length_)
{
	__u64 from = task->mm->arg_start;
	__u64 length = task->mm->arg_end - from;

	if (!from || !length)
		return used;
	if (length > KA_CMDLINE_MAX) {
		length = KA_CMDLINE_MAX;
		ka_count(KA_COUNTER_TEXT_TRUNCATED);
	}
	used &= 32767;
	if (used > KA_TEXT_ROOM || bpf_probe_read_user(slot->text + used, length, (void *)from))
		return used;
	*length_ = length;
	return used + length;
}

/* The number of a task's thread group in the pid namespace of depth `level`, 0 if it has none there. */
static __noinline __u32 event_pid_at(struct task_struct *task, __u32 level)
{
	__u32 number = 0;
	__u64 pid = 0;

	if (task->group_leader->thread_pid->level < level)
		return 0;
	/* A typed pointer takes no variable offset; read from memory it is a number. */
	bpf_core_read(&pid, sizeof(pid), &task->group_leader->thread_pid);
	bpf_probe_read_kernel(&number, sizeof(number),
			      (void *)(pid + bpf_core_field_offset(struct pid, numbers) +
				       level * bpf_core_type_size(struct upid) +
				       bpf_core_field_offset(struct upid, nr)));
	return number;
}

enum event_option {
	EVENT_AUDIT = 1,  /* the cell is an Audit rule's, not the deciding one */
	EVENT_SECOND = 2, /* the second path is the one that was decided about */
};

/* Puts the alert that is due into the ring. Called by the hook itself: a record's frames and the verdict's would not
 * fit one stack. */
__noinline int ka_event_emit(struct ka_scratch *slot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ka_event_access *event;
	struct task_struct *parent;
	struct pt_regs *regs;
	__u32 ring = KA_RING_ALERTS;
	__u32 used = 0, length, level;
	__u64 *counter;
	__u32 verdict, options;
	__u64 argv = 0;

	if (!slot)
		return 0;
	verdict = slot->due_verdict;
	options = slot->due_options;
	event = &slot->event;
	parent = task->real_parent;
	level = task->thread_pid->level;

	event->object_len = event->object2_len = event->exe_len = 0;
	event->parent_exe_len = event->cmdline_len = event->cwd_len = 0;
	event->boot_ns = bpf_ktime_get_boot_ns();
	event->exec_id = slot->subject.exec_id;
	event->workload = slot->subject.workload;
	event->revision = slot->subject.revision;
	event->rule = slot->due_cell >> KA_CELL_RULE_SHIFT;
	event->verdict = verdict;
	event->is_audit = options & EVENT_AUDIT;
	event->cls = slot->due_class;
	event->hook = slot->access.hook;
	event->access = slot->access.write;
	if (task->signal->tty)
		event->access |= KA_ACCESS_TTY;
	event->owner_uid = slot->access.owner_uid[!!(options & EVENT_SECOND)];
	if (event->owner_uid == task->cred->fsuid.val)
		event->access |= KA_ACCESS_OWNER;
	event->open_flags = slot->access.open_flags;
	event->count = 1;
	event->host_pid = task->tgid;
	event->host_ppid = parent->tgid;
	event->pid = event_pid_at(task, level);
	event->ppid = event_pid_at(parent, level);
	event->uid = task->cred->uid.val;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	__builtin_memset(event->tty, 0, sizeof(event->tty));
	if (task->signal->tty)
		bpf_probe_read_kernel_str(event->tty, sizeof(event->tty), &task->signal->tty->name);

	event->syscall = -1;
	event->args[0] = event->args[1] = event->args[2] = 0;
	/* A worker of io_uring never was in a system call: its registers are those it was born with. */
	if (!(task->flags & PF_IO_WORKER) && !(task->thread_info.status & TS_COMPAT)) {
		regs = (struct pt_regs *)bpf_task_pt_regs(task);
		event->syscall = regs->orig_ax;
		event->args[0] = regs->di;
		event->args[1] = regs->si;
		event->args[2] = regs->dx;
		if (event->hook == KA_HOOK_SECURITY_BPRM_CHECK) {
			if (event->syscall == NR_EXECVE)
				argv = event->args[1];
			else if (event->syscall == NR_EXECVEAT)
				argv = event->args[2];
		}
	}

	if (options & EVENT_SECOND) {
		used = event_add_path(slot, used, &slot->path[1], slot->at[1], &event->object_len);
		used = event_add_path(slot, used, &slot->path[0], slot->at[0], &event->object2_len);
	} else {
		used = event_add_path(slot, used, &slot->path[0], slot->at[0], &event->object_len);
		used = event_add_path(slot, used, &slot->path[1], slot->at[1], &event->object2_len);
	}

	slot->text_place.mnt = (__u64)task->mm->exe_file->f_path.mnt;
	slot->text_place.dentry = (__u64)task->mm->exe_file->f_path.dentry;
	length = event_add_place(slot, used);
	event->exe_len = length;
	used += length;

	slot->text_place.mnt = (__u64)parent->mm->exe_file->f_path.mnt;
	slot->text_place.dentry = (__u64)parent->mm->exe_file->f_path.dentry;
	length = event_add_place(slot, used);
	event->parent_exe_len = length;
	used += length;

	if (argv)
		used = event_add_argv(slot, used, argv, &event->cmdline_len);
	else if (event->hook != KA_HOOK_SECURITY_BPRM_CHECK)
		used = event_add_cmdline(slot, used, task, &event->cmdline_len);

	slot->text_place.mnt = (__u64)task->fs->pwd.mnt;
	slot->text_place.dentry = (__u64)task->fs->pwd.dentry;
	length = event_add_place(slot, used);
	event->cwd_len = length;
	used += length;

	counter = bpf_map_lookup_elem(&seq, &ring);
	if (!counter)
		return 0;
	if (used > KA_TEXT_ROOM)
		used = KA_TEXT_ROOM;
	event->header.size = sizeof(*event) + used;
	event->header.kind = KA_EVENT_ACCESS;
	event->header.abi_version = KA_ABI_VERSION;
	event->header.seq = __sync_fetch_and_add(counter, 1) + 1;
	ka_count(verdict == KA_BLOCK ? KA_COUNTER_BLOCKED : KA_COUNTER_REPORTED);
	if (bpf_ringbuf_output(&alerts, event, sizeof(*event) + used, 0))
		ka_count(KA_COUNTER_ALERTS_LOST);
	return 0;
}

#endif
