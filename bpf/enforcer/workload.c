/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "../abi/plan.h"
#include "workload.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

static __u32 plan_of(__u64 binding)
{
	return (__u32)binding;
}

static void bind(struct workloads *workloads, __u32 workload, __u32 off, __u32 revision)
{
	__u32 before = plan_of(workloads->binding[workload]);

	arena_hold(workloads->arena, off);
	__atomic_store_n(&workloads->binding[workload], off | (__u64)revision << 32, __ATOMIC_SEQ_CST);
	arena_drop(workloads->arena, before);
}

void workloads_adopt(struct workloads *workloads)
{
	for (__u32 w = 0; w < KA_MAX_WORKLOADS; w++) {
		__u64 binding = workloads->binding[w];

		if (plan_of(binding) && arena_adopt(workloads->arena, plan_of(binding)))
			workloads->binding[w] = binding & ~0xffffffffULL;
		if (workloads->note[w].used)
			workloads->count++;
		else if (binding)
			bind(workloads, w, 0, 0); /* stopped between unbinding and erasing, or before the key was written */
	}
}

bool workloads_used(const struct workloads *workloads, __u32 workload)
{
	return workload < KA_MAX_WORKLOADS && workloads->note[workload].used;
}

void workloads_describe(const struct workloads *workloads, __u32 workload, struct ka_frame_workload *ret_frame)
{
	__u64 binding = workloads->binding[workload];
	__u32 off = plan_of(binding);

	ret_frame->workload = workload;
	ret_frame->revision = binding >> 32;
	/* From the plan in force, not from the note: the note is written first. */
	ret_frame->content_hash = off ? ((const struct ka_plan *)(workloads->arena->mem + off))->content_hash : 0;
	memcpy(ret_frame->key, workloads->note[workload].key, sizeof(ret_frame->key));
}

static bool is_text(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	return len > 0 && len < room;
}

enum ka_code workloads_set(struct workloads *workloads, const struct ka_frame_workload_set *set)
{
	struct ka_workload_note *note;
	__u32 off = 0;

	if (set->workload >= KA_MAX_WORKLOADS)
		return KA_CODE_WORKLOAD_RANGE;
	if (!is_text(set->key, sizeof(set->key)))
		return KA_CODE_NAME_INVALID;
	if (set->content_hash) {
		off = arena_find(workloads->arena, set->content_hash);
		if (!off)
			return KA_CODE_PLAN_UNKNOWN;
	}
	note = &workloads->note[set->workload];
	memcpy(note->key, set->key, sizeof(note->key));
	note->content_hash = set->content_hash;
	if (!note->used)
		workloads->count++;
	__atomic_store_n(&note->used, 1, __ATOMIC_RELEASE);
	workloads->seen[set->workload] = true;
	bind(workloads, set->workload, off, set->revision);
	return KA_CODE_OK;
}

/* Deletes the entries of a hash map whose value is this workload. */
static int forget(int fd, __u32 workload, void *key, void *next)
{
	void *previous = NULL;
	__u32 value;

	/* The next key is fetched before its predecessor goes: deleting the current one would restart the walk. */
	while (bpf_map_get_next_key(fd, previous, next) == 0) {
		if (previous && bpf_map_lookup_elem(fd, previous, &value) == 0 && value == workload)
			bpf_map_delete_elem(fd, previous);
		void *swap = previous ? previous : key;

		previous = next;
		next = swap;
	}
	if (previous && bpf_map_lookup_elem(fd, previous, &value) == 0 && value == workload && bpf_map_delete_elem(fd, previous))
		return errno == ENOENT ? 0 : -errno;
	return 0;
}

enum ka_code workloads_drop(struct workloads *workloads, __u32 workload, int *ret_err)
{
	struct ka_cgroup_name name, next_name;
	__u64 id, next_id;

	if (workload >= KA_MAX_WORKLOADS)
		return KA_CODE_WORKLOAD_RANGE;
	if (!workloads->note[workload].used)
		return KA_CODE_WORKLOAD_UNKNOWN;
	*ret_err = forget(workloads->names_fd, workload, &name, &next_name);
	if (!*ret_err)
		*ret_err = forget(workloads->ids_fd, workload, &id, &next_id);
	bind(workloads, workload, 0, 0);
	workloads->entered[workload] = 0;
	memset(&workloads->note[workload], 0, sizeof(workloads->note[workload]));
	workloads->seen[workload] = false;
	workloads->count--;
	return *ret_err ? KA_CODE_KERNEL : KA_CODE_OK;
}

enum ka_code workloads_bind_name(struct workloads *workloads, __u32 workload, const char *name, int *ret_err)
{
	struct ka_cgroup_name key = { 0 };

	if (workload >= KA_MAX_WORKLOADS)
		return KA_CODE_WORKLOAD_RANGE;
	if (!workloads->note[workload].used)
		return KA_CODE_WORKLOAD_UNKNOWN;
	if (!is_text(name, sizeof(key.text)))
		return KA_CODE_NAME_INVALID;
	strcpy(key.text, name);
	*ret_err = bpf_map_update_elem(workloads->names_fd, &key, &workload, BPF_ANY) ? -errno : 0;
	return *ret_err ? KA_CODE_KERNEL : KA_CODE_OK;
}

enum ka_code workloads_bind_id(struct workloads *workloads, __u32 workload, __u64 cgroup_id, int *ret_err)
{
	if (workload >= KA_MAX_WORKLOADS)
		return KA_CODE_WORKLOAD_RANGE;
	if (!workloads->note[workload].used)
		return KA_CODE_WORKLOAD_UNKNOWN;
	*ret_err = bpf_map_update_elem(workloads->ids_fd, &cgroup_id, &workload, BPF_ANY) ? -errno : 0;
	return *ret_err ? KA_CODE_KERNEL : KA_CODE_OK;
}

int workloads_synced(struct workloads *workloads)
{
	int err = 0;

	for (__u32 w = 0; w < KA_MAX_WORKLOADS; w++) {
		int one = 0;

		if (workloads->note[w].used && !workloads->seen[w])
			workloads_drop(workloads, w, &one);
		err = err ? err : one;
	}
	return err;
}
