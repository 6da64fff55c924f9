/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Who is who: labels at fork, cgroups as they come and go, tasks that were there before us.
 */

/*
 * Before the child can run (kernel/fork.c, copy_process). Threads and io_uring's workers are born here too. Answers
 * -ENOMEM, as fork would for its own memory, if a workload's child cannot be labelled: it would be nobody's.
 */
SEC("lsm/task_alloc")
int BPF_PROG(on_task_alloc, struct task_struct *child, unsigned long clone_flags, int ret)
{
	struct ka_task *label;
	struct ka_task copy;

	if (ret)
		return ret;
	label = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
	if (!label)
		return 0;
	copy = *label;
	if (bpf_task_storage_get(&tasks, child, &copy, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return 0;
	ka_count(KA_COUNTER_TASK_LABEL_FAILED);
	return copy.workload == KA_HOST_WORKLOAD ? 0 : -ENOMEM;
}

/*
 * A directory of an expected name is bound before a task can be moved into it: the tracepoint fires under
 * cgroup_mutex, before mkdir returns (kernel/cgroup/cgroup.c, cgroup_mkdir). Version 1 hierarchies have numbers of
 * their own and are passed over.
 */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	struct ka_cgroup_name name = {};
	__u32 *workload;
	__u64 id;

	if (cgroup->root->hierarchy_id)
		return 0;
	bpf_probe_read_kernel_str(name.text, sizeof(name.text), cgroup->kn->name);
	workload = bpf_map_lookup_elem(&cgroup_names, &name);
	if (!workload)
		return 0;
	id = cgroup->kn->id;
	if (bpf_map_update_elem(&cgroup_ids, &id, workload, BPF_ANY))
		ka_count(KA_COUNTER_TASK_LABEL_FAILED);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	__u64 id = cgroup->kn->id;

	if (!cgroup->root->hierarchy_id)
		bpf_map_delete_elem(&cgroup_ids, &id);
	return 0;
}

/*
 * Labels the tasks of bound cgroups that run already. Writes the pid of each task it labelled, so that the enforcer
 * can read until nothing comes: a child forked from a parent not yet labelled may have been missed.
 * Also notes the root of the first task's mounts as the host's.
 */
SEC("iter/task")
int label_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ka_task fresh = {};
	struct ka_task *label;
	struct ka_meta *host;
	__u32 *entered;
	__u32 zero = 0;
	__u32 pid;

	if (!task)
		return 0;
	pid = task->pid;
	if (pid == 1) {
		host = bpf_map_lookup_elem(&meta, &zero);
		if (host) {
			host->host_root_mount = (__u64)task->fs->root.mnt;
			host->host_root_dentry = (__u64)task->fs->root.mnt->mnt_root;
			host->host_root_super = (__u64)task->fs->root.mnt->mnt_sb;
		}
	}
	if (task->flags & PF_KTHREAD || task_in_host_mounts(task))
		return 0;
	label = bpf_task_storage_get(&tasks, task, 0, 0);
	if (label && label->workload != KA_HOST_WORKLOAD)
		return 0;
	fresh.workload = cgroup_workload(task);
	if (fresh.workload == KA_HOST_WORKLOAD)
		return 0;
	task_root(&fresh, task);
	entered = bpf_map_lookup_elem(&workload_entered, &fresh.workload);
	if (entered)
		*entered = 1;
	if (label)
		*label = fresh;
	else if (!bpf_task_storage_get(&tasks, task, &fresh, BPF_LOCAL_STORAGE_GET_F_CREATE)) {
		ka_count(KA_COUNTER_TASK_LABEL_FAILED);
		return 0;
	}
	bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
	return 0;
}
