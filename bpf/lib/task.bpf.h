/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_TASK_BPF_H
#define KA_TASK_BPF_H

/*
 * Who a task is (maps.bpf.h, struct ka_task).
 *
 *   no label ──exec inside a bound cgroup and a mount namespace of its own──► labelled ──fork──► labelled child
 *
 * Invariants
 *  1. A label's workload never changes: unshare, setns and cgroup moves do not shake it off.
 *  2. A task without label is the host's while its pid namespace is the initial one or its root directory is on a
 *     mount of the host's root: new namespaces alone do not make a container. Otherwise it is nobody's.
 */

#include "scratch.bpf.h"
#include "cgroup.bpf.h"

static __always_inline bool task_in_host_mounts(struct task_struct *task)
{
	return task->nsproxy->mnt_ns->ns.inum == host_mnt_inum;
}

static __always_inline bool task_is_hosts(struct task_struct *task)
{
	struct ka_meta *host;
	__u32 zero = 0;

	if (!task->thread_pid->level)
		return true;
	host = bpf_map_lookup_elem(&meta, &zero);
	/* Not the namespace's own root mount: that is the initramfs's, for containers too. */
	return host && host->host_root_dentry && (__u64)task->fs->root.mnt->mnt_root == host->host_root_dentry;
}

/* Where the task's program is. Loaded back from the slot, the addresses are numbers to the verifier. */
static __always_inline void task_program(struct ka_scratch *slot, struct task_struct *task)
{
	slot->access.place[0].mnt = (__u64)task->mm->exe_file->f_path.mnt;
	slot->access.place[0].dentry = (__u64)task->mm->exe_file->f_path.dentry;
	slot->stop = path_namespace_root(task);
}

/* The label that the plan's source automaton gives to slot's object; 0 for none, or if its path cannot be built. */
static __always_inline __u32 task_label_of(struct ka_scratch *slot, __u32 plan)
{
	const char *start = arena_start();
	const struct ka_plan *header;
	const struct ka_state *state;
	int at;

	if (!start)
		return 0;
	header = arena_at(start, plan);
	if (!header->source_root)
		return 0;
	at = ka_path_build(&slot->path[0], *(volatile __u64 *)&slot->access.place[0].mnt,
			   *(volatile __u64 *)&slot->access.place[0].dentry, *(volatile __u64 *)&slot->stop);
	if (at < 0) {
		ka_count(KA_COUNTER_TASK_LABEL_FAILED);
		return 0;
	}
	state = arena_at(start, dfa_walk(start, &slot->path[0], at, header->source_root + plan));
	return state->value;
}

/* Brings the label of the current task up to a binding that changed since it was computed. */
static __noinline __u32 task_relabel(struct ka_task *label, __u64 binding)
{
	struct ka_scratch *slot = scratch_take();
	__u32 value;

	if (!slot)
		return 0;
	task_program(slot, bpf_get_current_task_btf());
	value = task_label_of(slot, binding);
	scratch_give(slot);
	label->label = value;
	label->binding = binding;
	return value;
}

static __always_inline __u64 task_binding(__u32 workload)
{
	__u64 *binding = bpf_map_lookup_elem(&workloads, &workload);

	return binding ? *(volatile __u64 *)binding : 0;
}

static __always_inline void task_root(struct ka_task *label, struct task_struct *task)
{
	label->root_mount = (__u64)task->fs->root.mnt;
	label->root_dentry = (__u64)task->fs->root.mnt->mnt_root;
	label->root_super = (__u64)task->fs->root.mnt->mnt_sb;
}

/* A host task's label, made when the host's plan knows sources: there is nothing to remember otherwise. */
static __noinline struct ka_task *task_host_label(__u64 binding)
{
	const char *start = arena_start();
	const struct ka_plan *header;
	struct ka_task fresh = {};
	struct ka_task *label;

	if (!start)
		return 0;
	header = arena_at(start, binding);
	if (!header->source_root)
		return 0;
	label = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), &fresh, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!label)
		ka_count(KA_COUNTER_TASK_LABEL_FAILED);
	return label;
}

/*
 * Gives the current task, which is about to run a program, the workload that its cgroup is bound to. 0 if it was
 * labelled before or belongs nowhere, 1 if it entered, -EACCES if it belongs somewhere and no label can be made.
 *
 * The mount namespace tells a container's first program from the runtime's own work in the new cgroup, which needs
 * the host's files and is none of the workload's.
 */
static __always_inline int task_enter(struct task_struct *task)
{
	struct ka_task *label;
	struct ka_task fresh = {};
	__u32 *entered;

	if (task_in_host_mounts(task))
		return 0;
	label = bpf_task_storage_get(&tasks, task, 0, 0);
	if (label && label->workload != KA_HOST_WORKLOAD)
		return 0;
	fresh.workload = cgroup_workload(task);
	if (fresh.workload == KA_HOST_WORKLOAD)
		return 0;
	task_root(&fresh, task);
	entered = bpf_map_lookup_elem(&workload_entered, &fresh.workload);
	if (entered && __sync_lock_test_and_set(entered, 1))
		fresh.exec_id = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32() | 1;
	if (label) {
		*label = fresh;
		return 1;
	}
	if (bpf_task_storage_get(&tasks, task, &fresh, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return 1;
	ka_count(KA_COUNTER_TASK_LABEL_FAILED);
	return -EACCES;
}

/* The current task's label. A look at the task spares most of the host's the call. */
static __always_inline struct ka_task *task_label(struct task_struct *task)
{
	return task->bpf_storage ? bpf_task_storage_get(&tasks, task, 0, 0) : 0;
}

/* The flags of a class in the plan that may rule over the current task; a small part of finding out who it is. */
static __always_inline __u32 task_class_flags(struct task_struct *task, __u32 cls)
{
	struct ka_task *label = task_label(task);
	__u64 binding = task_binding(label ? label->workload : KA_HOST_WORKLOAD);

	return (__u32)binding ? class_flags(binding, cls) : 0;
}

static __always_inline bool task_speaks(struct task_struct *task, __u32 cls)
{
	return task_class_flags(task, cls) & KA_CLASS_SPEAKS;
}

/* Fills in who the current task is; false if no plan rules over it. */
static __always_inline bool task_subject(struct ka_subject *who)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ka_task *label = task_label(task);
	__u32 workload = label ? label->workload : KA_HOST_WORKLOAD;
	__u64 binding = task_binding(workload);

	if (!(__u32)binding)
		return false;
	if (workload == KA_HOST_WORKLOAD) {
		/* Kernel threads act for the kernel; io_uring's workers act for their process and are no such threads. */
		if (task->flags & PF_KTHREAD)
			return false;
		if (!task_is_hosts(task))
			return false;
		if (!label)
			label = task_host_label(binding);
	}
	who->workload = workload;
	who->plan = binding;
	who->revision = binding >> 32;
	who->label = 0;
	who->exec_id = 0;
	who->root_mount = 0;
	who->root_dentry = 0;
	who->root_super = 0;
	if (label) {
		who->label = label->binding == binding ? label->label : task_relabel(label, binding);
		who->exec_id = label->exec_id;
		who->root_mount = label->root_mount;
		who->root_dentry = label->root_dentry;
		who->root_super = label->root_super;
	}
	if (workload == KA_HOST_WORKLOAD) {
		__u32 zero = 0;
		struct ka_meta *host = bpf_map_lookup_elem(&meta, &zero);

		if (host) {
			who->root_mount = host->host_root_mount;
			who->root_dentry = host->host_root_dentry;
			who->root_super = host->host_root_super;
		}
	}
	return true;
}

#endif
