/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_CGROUP_BPF_H
#define KA_CGROUP_BPF_H

/* Which workload a task's place in the cgroup2 tree says it belongs to. */

#include "maps.bpf.h"

#define CGROUP_DEPTH_MAX 64

struct cgroup_walk {
	__u64 css; /* struct cgroup_subsys_state of the cgroup itself */
	__u32 workload;
};

static long cgroup_step(__u32 i, struct cgroup_walk *walk)
{
	__u64 css = walk->css;
	__u64 cgroup = KA_ADDRESS(struct cgroup_subsys_state, css, cgroup);
	__u64 node = KA_ADDRESS(struct cgroup, cgroup, kn);
	__u64 id = KA_READ(struct kernfs_node, node, id);
	__u32 *workload = bpf_map_lookup_elem(&cgroup_ids, &id);

	if (workload) {
		walk->workload = *workload;
		return 1;
	}
	walk->css = KA_ADDRESS(struct cgroup_subsys_state, css, parent);
	return !walk->css;
}

/* The workload of the nearest bound cgroup above the task, or 0. */
static __noinline __u32 cgroup_workload(struct task_struct *task)
{
	struct cgroup_walk walk = {
		.css = (__u64)&task->cgroups->dfl_cgrp->self,
	};

	bpf_loop(CGROUP_DEPTH_MAX, cgroup_step, &walk, 0);
	return walk.workload;
}

#endif
