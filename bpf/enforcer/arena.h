/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_ARENA_H
#define KA_ARENA_H

/*
 * Plans in the memory that the kernel programs read.
 *
 * Invariants
 *  1. `plan` is sorted by offset, and no two plans overlap. The first page belongs to nobody: offset 0 means none.
 *  2. The bytes of a plan change only while no workload has ever pointed at it.
 *  3. A plan that workloads have left (refs 0, not fresh) stays until arena_sweep(), which the caller calls after a
 *     grace period: no hook can still be walking it then.
 *  4. Plans with equal content hash are one plan.
 */

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "../abi/pinned.h"

#define ARENA_ALIGN 64
#define ARENA_MAX_PLANS (2 * KA_MAX_WORKLOADS)

struct arena_plan {
	__u64 hash;
	__u32 off;
	__u32 size;
	__u32 refs;
	bool fresh; /* put, but not yet bound to any workload */
};

struct arena {
	char *mem;
	__u32 size;
	__u32 count;
	__u32 room; /* allocated elements of plan */
	__u32 retired;
	__u64 used;
	struct arena_plan *plan;
};

void arena_init(struct arena *arena, void *mem, __u32 size);
void arena_free(struct arena *arena);

/* Offset of the plan with this content, 0 when there is none. */
__u32 arena_find(const struct arena *arena, __u64 hash);

/* Checks, copies and relocates. -EINVAL with *ret_why, -ENOSPC when no gap is large enough, -ENOMEM. */
int arena_put(struct arena *arena, __u64 hash, const void *blob, size_t len, const char **ret_why);

/* Registers the plan that lies at off since an earlier run, or counts one more reference. -EINVAL if none lies there. */
int arena_adopt(struct arena *arena, __u32 off);

void arena_hold(struct arena *arena, __u32 off);
void arena_drop(struct arena *arena, __u32 off);

/* Frees retired plans, and with `fresh_too` those that were put and never bound. */
void arena_sweep(struct arena *arena, bool fresh_too);

#endif
