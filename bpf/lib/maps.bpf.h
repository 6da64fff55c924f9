/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_MAPS_BPF_H
#define KA_MAPS_BPF_H

/*
 * Every map, under the name it is pinned by. "E" is the enforcer, "K" the programs.
 *
 * Invariants
 *  1. The arena's first page is zero and stays so: offset 0 means "none", and the edges of a state without edges are
 *     read from there (plan.h, invariant 3).
 *  2. The arena's value is KA_ARENA_GUARD bytes longer than arena_size: an offset masked to arena_size can be read
 *     with any struct of the plan behind it.
 *  3. A workload's binding is one aligned u64, written with one store; the memory of the plan it named before is
 *     reused only after every program that may have read it has ended (an RCU grace period).
 */

#include "kernel.bpf.h"
#include "../abi/pinned.h"

#define KA_SCRATCH_PER_CPU 3

/* Set by the enforcer before loading; the verifier knows their values and drops what they rule out. */
const volatile __u32 arena_size = KA_ARENA_SIZE_DEFAULT; /* a power of two, at least 64 KiB */
const volatile __u32 host_mnt_inum = 0;			 /* inode number of /proc/1/ns/mnt */

/* E writes (through mmap), K reads: plans, each at a multiple of 64, never in the first page. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, KA_ARENA_SIZE_DEFAULT + KA_ARENA_GUARD);
} arena SEC(".maps");

/* E writes, K reads: by workload, plan offset in the low half (0 = no rules), revision in the high half. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, KA_MAX_WORKLOADS);
	__type(key, __u32);
	__type(value, __u64);
} workloads SEC(".maps");

/* K writes 1 when a workload's first task enters it, so that later arrivals get an exec_id; E writes 0 on drop. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, KA_MAX_WORKLOADS);
	__type(key, __u32);
	__type(value, __u32);
} workload_entered SEC(".maps");

/* E alone: the agent's key of each workload and the hash of its plan, to be told after a restart (abi/pinned.h). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, KA_MAX_WORKLOADS);
	__type(key, __u32);
	__type(value, struct ka_workload_note);
} workload_notes SEC(".maps");

/* E writes, K reads: names of cgroup directories to come, NUL-padded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4 * KA_MAX_WORKLOADS);
	__type(key, struct ka_cgroup_name);
	__type(value, __u32);
} cgroup_names SEC(".maps");

/* Both write, K reads: cgroup2 inode number to workload. K removes an entry with its directory. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4 * KA_MAX_WORKLOADS);
	__type(key, __u64);
	__type(value, __u32);
} cgroup_ids SEC(".maps");

/*
 * K alone. Who a task is. Made when a task enters a workload by exec, copied at fork, never taken away.
 * Host tasks have one only when the host's plan knows sources.
 */
struct ka_task {
	__u64 binding;	   /* of the workload when `label` was computed */
	__u64 exec_id;	   /* of the session that came from outside; 0 = started with the workload */
	__u64 root_mount;  /* struct vfsmount, dentry and super block of the workload's root when it was entered; */
	__u64 root_dentry; /* compared, never followed */
	__u64 root_super;
	__u32 workload;
	__u32 label; /* of the current program, by the plan's source automaton */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ka_task);
} tasks SEC(".maps");

/* K writes, E reads: by enum ka_counter. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KA_COUNTER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* K writes, E reads. E may set other sizes before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} alerts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} telemetry SEC(".maps");

/* K writes, E reads: records produced so far, by enum ka_ring. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KA_RING_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} seq SEC(".maps");

/* E alone, by enum ka_ring: which records are safe with the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KA_RING_COUNT);
	__type(key, __u32);
	__type(value, struct ka_events_taken);
} events_taken SEC(".maps");

/* The host's root, noted by the task iterator, and what E wants to find again after a restart. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ka_meta);
} meta SEC(".maps");

static __always_inline void ka_count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += 1;
}

#endif
