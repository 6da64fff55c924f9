/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_WORKLOAD_H
#define KA_WORKLOAD_H

/*
 * Which workload has which plan. The truth is in the pinned maps; this process keeps only what it needs to know about
 * the agent's current session.
 *
 * Invariants
 *  1. A workload's key is written before it is bound and erased after it is unbound.
 *  2. The one store to `binding` is the policy change; the plan it names lies complete in the arena by then.
 *  3. Plans are dropped by reference here and reused only after the caller's grace period (arena.h, 3).
 */

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "../abi/frame.h"
#include "../abi/pinned.h"
#include "arena.h"

struct workloads {
	volatile __u64 *binding;       /* workloads map: plan offset | revision << 32 */
	__u32 *entered;                /* workload_entered map */
	struct ka_workload_note *note; /* workload_notes map */
	int names_fd;
	int ids_fd;
	struct arena *arena;
	__u32 count;
	bool seen[KA_MAX_WORKLOADS]; /* set since the hello */
};

/* Takes over what the maps hold, plans included. A binding to a place where no plan lies is undone. */
void workloads_adopt(struct workloads *workloads);

bool workloads_used(const struct workloads *workloads, __u32 workload);

/* Fills what the agent is told about a workload that is in use. */
void workloads_describe(const struct workloads *workloads, __u32 workload, struct ka_frame_workload *ret_frame);

enum ka_code workloads_set(struct workloads *workloads, const struct ka_frame_workload_set *set);
enum ka_code workloads_drop(struct workloads *workloads, __u32 workload, int *ret_err);
enum ka_code workloads_bind_name(struct workloads *workloads, __u32 workload, const char *name, int *ret_err);
enum ka_code workloads_bind_id(struct workloads *workloads, __u32 workload, __u64 cgroup_id, int *ret_err);

/* Drops every workload that was not set since the hello. */
int workloads_synced(struct workloads *workloads);

#endif
