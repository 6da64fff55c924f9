/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_ABI_PINNED_H
#define KA_ABI_PINNED_H

#include "limits.h"

/* What the pinned maps hold: shared by the kernel programs and the enforcer, unknown to everybody else. */

/* The first page of the arena is zero and belongs to no plan. */
#define KA_ARENA_RESERVED 4096
/* The arena's value is longer than arena_size by this, so that a masked offset can be read with any struct behind it. */
#define KA_ARENA_GUARD 4096
#define KA_ARENA_SIZE_DEFAULT (32u << 20)

/* The agent's key of a workload, to be told after a restart. */
struct ka_workload_note {
	__u64 content_hash;
	char key[KA_WORKLOAD_KEY_LEN];
	__u32 used;
	__u32 pad;
};

struct ka_cgroup_name {
	char text[KA_CGROUP_NAME_LEN];
};

/*
 * What of a ring is safe with the agent: of the numbers up to `taken` all but `open` have come or were told as lost.
 * Written with one update, so that a process that is killed leaves the old pair or the new one.
 */
struct ka_events_taken {
	__u64 taken;
	__u64 open;
};

/* The host's root, noted by the task iterator, and what the enforcer wants to find again after a restart. */
struct ka_meta {
	__u64 host_root_mount;
	__u64 host_root_dentry;
	__u64 host_root_super;
	__u32 abi_version;
	__u32 pad;
	__u8 build[32]; /* SHA-256 of the kernel objects */
};

_Static_assert(sizeof(struct ka_workload_note) == 144, "ka_workload_note");
_Static_assert(sizeof(struct ka_events_taken) == 16, "ka_events_taken");
_Static_assert(sizeof(struct ka_meta) == 64, "ka_meta");

#endif
