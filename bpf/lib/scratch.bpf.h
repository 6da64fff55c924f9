/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_SCRATCH_BPF_H
#define KA_SCRATCH_BPF_H

/*
 * Working memory that does not fit the 512-byte stack. LSM programs keep their CPU but can be preempted on it, and
 * the trampoline does not keep them from re-entering (include/linux/bpf_verifier.h, bpf_prog_check_recur), so each
 * CPU has a few slots and a program holds one by an atomic exchange.
 *
 * An array indexed by CPU, not a per-CPU map: a per-CPU value ends at 32 KiB (mm/percpu.c, PCPU_MIN_UNIT_SIZE).
 */

#include "plan.bpf.h"

/* Who asks. */
struct ka_subject {
	__u64 exec_id;
	__u64 root_mount;
	__u64 root_dentry;
	__u64 root_super;
	__u32 workload;
	__u32 label;
	__u32 plan; /* in the arena */
	__u32 revision;
};

/* What for. */
struct ka_access {
	struct ka_place place[2]; /* the object, and of link and rename the name to be */
	__u32 owner_uid[2];
	__u32 cls;
	__u32 hook;
	__u32 write; /* KA_ACCESS_WRITE or 0 */
	__u32 open_flags;
	__u32 options;
	__u32 args_rule; /* the rule whose listed arguments the run has; 0 = none */
};

/* A socket and its peer, as far as it is known. */
struct ka_socket {
	__u32 direction; /* enum ka_network_direction */
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 has_address;
	__u32 address_family; /* AF_INET or AF_INET6 */
	__u32 address[4];     /* network order */
	__u32 port;	      /* of the service: the peer's when we call, ours when we are called */
	__u32 pad;
};

enum args_answer {
	ARGS_UNREAD = 0,
	ARGS_LISTED = 1,
	ARGS_REFUSED = 2,
};

/* The arguments of a run and how far they were walked (args.bpf.h). */
struct ka_args {
	__u64 tables; /* the new address space's top page table */
	__u64 at;     /* of the next byte, there */
	__u64 entry;  /* the page table entry read last */
	__u64 direct_map;
	__u64 encrypted;
	__u32 count;
	__u32 taken;
	__u32 root;
	__u32 state;
	__u32 answer; /* enum args_answer */
	__u32 pad;
};

enum access_option {
	/* The access was announced by an earlier hook: only a denial is news. */
	ACCESS_BLOCK_ONLY = 1,
	/* Judged by Block rules alone, not by the default posture. */
	ACCESS_RULES_ONLY = 2,
	/* The file behind another file system's file: only its name below the workload's root counts. */
	ACCESS_BEHIND = 4,
	/* Of link and rename: the object is a directory; the two names change places. */
	ACCESS_DIRECTORY = 8,
	ACCESS_EXCHANGE = 16,
	/* A denial comes later, by another hook: only what passes is news. */
	ACCESS_REPORT_ONLY = 32,
};

#define KA_TEXT_ROOM (6 * KA_PATH_MAX)

struct ka_scratch {
	__u32 busy;
	__s32 at[2]; /* where the paths start, or -1 */
	__u32 pad;
	/* struct mount at the root of the caller's namespace. Loaded back from here it is a number, as functions want. */
	__u64 stop;
	struct ka_subject subject;
	struct ka_access access;
	struct ka_socket socket;
	/* The record that is due once the verdict is out; cell is the one that asked for it. */
	__u32 due_verdict; /* 0 = none */
	__u32 due_cell;
	__u32 due_options; /* enum event_option */
	__u32 due_class;
	struct ka_args args;
	struct ka_match match[2];
	struct ka_path path[2];
	struct ka_place text_place;
	struct ka_event_access event;
	char text[KA_TEXT_ROOM + KA_PATH_MAX];
};

/* K alone: KA_SCRATCH_PER_CPU slots for each possible CPU; E sets max_entries before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KA_SCRATCH_PER_CPU);
	__type(key, __u32);
	__type(value, struct ka_scratch);
} scratch SEC(".maps");

static __always_inline struct ka_scratch *scratch_take(void)
{
	__u32 first = bpf_get_smp_processor_id() * KA_SCRATCH_PER_CPU;

#pragma unroll
	for (__u32 i = 0; i < KA_SCRATCH_PER_CPU; i++) {
		__u32 index = first + i;
		struct ka_scratch *slot = bpf_map_lookup_elem(&scratch, &index);

		if (slot && !__sync_lock_test_and_set(&slot->busy, 1))
			return slot;
	}
	ka_count(KA_COUNTER_SCRATCH_MISSING);
	return 0;
}

static __always_inline void scratch_give(struct ka_scratch *slot)
{
	barrier();
	*(volatile __u32 *)&slot->busy = 0;
}

#endif
