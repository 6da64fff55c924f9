/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_LOADER_H
#define KA_LOADER_H

/*
 * Brings the kernel programs into force and keeps them there.
 *
 * Pins: DIR/current/maps/NAME, DIR/current/links/TARGET@PROGRAM, and DIR/old/… while an upgrade is under way.
 *
 * Invariants
 *  1. A `current` whose meta map names a build is complete: meta is written last. Any other is the rest of a start
 *     that was cut short and is thrown away.
 *  2. Links are pinned only after all of them are attached, and `old` is removed only when the agent has said that
 *     everything is set in `current`: at every moment one complete set of programs is in force.
 *  3. One process at a time: an exclusive flock on DIR.
 *
 *   none ──load, attach, pin──► current ──same build at the next start──► current (adopted)
 *                                  └──another build──► old + new current ──SYNCED──► current
 */

#include <stdbool.h>
#include <linux/types.h>

#include "exit_code.h"

#define LOADER_DEFAULT_DIR "/sys/fs/bpf/kubearmor-ts"

/* Every map by its name in lib/maps.bpf.h. */
#define LOADER_MAPS(X)   \
	X(arena)         \
	X(workloads)     \
	X(workload_entered) \
	X(workload_notes) \
	X(cgroup_names)  \
	X(cgroup_ids)    \
	X(tasks)         \
	X(counters)      \
	X(alerts)        \
	X(telemetry)     \
	X(seq)           \
	X(events_taken)  \
	X(meta)

enum loader_map {
#define LOADER_MAP_ENUM(name) MAP_##name,
	LOADER_MAPS(LOADER_MAP_ENUM)
#undef LOADER_MAP_ENUM
	MAP_COUNT,
};

struct loader {
	const char *dir;
	int lock;
	int map[MAP_COUNT];
	__u32 map_size[MAP_COUNT]; /* value size, or ring size */
	int iterator; /* link of the program that visits every task */
	__u64 hooks;
	bool adopted;
	bool has_old;
};

/* SHA-256 of the kernel objects of this build. */
extern const __u8 loader_build[32];

int loader_start(struct loader *loader, const char *dir, __u32 arena_size, struct failure *failure);
void loader_stop(struct loader *loader);

/* Labels tasks that run in bound cgroups already. 0 or negative errno. */
int loader_visit_tasks(const struct loader *loader);

/* The agent has set everything again: the programs of the former build may go. */
void loader_finish_upgrade(struct loader *loader);

/* Takes all pins away: enforcement ends. */
int loader_unload(const char *dir, struct failure *failure);

/* What this kernel takes, found by loading and attaching, without leaving anything behind. */
struct probe {
	__u64 hooks;
	bool has_btf;
	bool has_programs; /* those that must be there were loaded and attached */
	int lsm_listed; /* 1 = BPF is among the active LSMs, 0 = it is not, -1 = cannot be read */
};

int loader_probe(struct probe *probe, struct failure *failure);

#endif
