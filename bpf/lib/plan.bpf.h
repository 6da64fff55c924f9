/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_PLAN_BPF_H
#define KA_PLAN_BPF_H

/* Plans in the arena, and the walk of their automata over a path (abi/plan.h). */

#include "path.bpf.h"

_Static_assert(sizeof(struct ka_state) == 16 && sizeof(struct ka_edge) == 8, "offsets of plan.h, invariant 2");
_Static_assert(sizeof(struct ka_plan) < KA_ARENA_GUARD, "maps.bpf.h, invariant 2");

/* Bytes of the path after which a state that cannot be left is looked for; chunks taken before there is a loop. */
#define DFA_CHUNK 8
#define DFA_CHUNKS_INLINE 4

static __always_inline const char *arena_start(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&arena, &zero);
}

/* A struct of the plan: any offset is safe to read, see maps.bpf.h, invariant 2. */
static __always_inline const void *arena_at(const char *start, __u32 offset)
{
	return start + (offset & (arena_size - 1) & ~7u);
}

static __always_inline const struct ka_class_plan *plan_class(const char *start, __u32 plan, __u32 cls)
{
	return arena_at(start, plan + __builtin_offsetof(struct ka_plan, cls) + cls * sizeof(struct ka_class_plan));
}

static __always_inline __u32 class_flags(__u32 plan, __u32 cls)
{
	const char *start = arena_start();

	return start ? plan_class(start, plan, cls)->flags : 0;
}

static __always_inline __u32 dfa_next(const char *start, __u32 mask, __u32 state, __u8 byte)
{
	const struct ka_state *from = (const void *)(start + (state & mask));
	__u64 edge = *(const __u64 *)(start + ((from->base + 8 * (__u32)byte) & mask));

	return (__u32)edge == state ? edge >> 32 : from->fallback;
}

struct dfa_run {
	const char *start;
	const char *text;
	__u32 at;
	__u32 state;
};

/* Takes a chunk of the path; not 0 if nothing that follows can change the state. */
static __always_inline long dfa_take(struct dfa_run *run)
{
	const char *start = run->start;
	__u32 mask = (arena_size - 1) & ~7u;
	__u32 at = run->at & (KA_PATH_SPAN - 1);
	const char *text = run->text + at;
	__u32 state = run->state;
	const struct ka_state *now;

#pragma unroll
	for (int byte = 0; byte < DFA_CHUNK; byte++) {
		__u8 value = text[byte];

		if (!value) {
			run->state = state;
			return 1;
		}
		state = dfa_next(start, mask, state, value);
	}
	run->state = state;
	run->at = at + DFA_CHUNK;
	now = (const void *)(start + (state & mask));
	/* plan.h, invariant 4. */
	return now->base == 0 && now->fallback == state;
}

static long dfa_step(__u32 i, struct dfa_run *run)
{
	return dfa_take(run) || dfa_take(run);
}

/* The state after the path that starts at text[at], from state `root`. */
static __noinline __u32 dfa_walk(const char *start, const struct ka_path *path, __u32 at, __u32 root)
{
	struct dfa_run run = {
		.start = start, .text = path->text, .at = at, .state = root,
	};

#pragma unroll
	for (int i = 0; i < DFA_CHUNKS_INLINE; i++)
		if (dfa_take(&run))
			return run.state;
	bpf_loop(KA_PATH_MAX / (2 * DFA_CHUNK), dfa_step, &run, 0);
	return run.state;
}

/* What a path met in the automata of a class. */
struct ka_match {
	__u32 decide;
	__u32 audit;
	/* When asked for: the states reached by the path and a '/', and which of them can still meet a block. */
	__u32 want_below;
	__u32 blocks_below;
	__u32 below[16];
};

struct match_walk {
	const char *start;
	const struct ka_path *path;
	struct ka_match *match;
	__u32 at;
	__u32 plan;
	__u32 roots; /* where the start states are listed, in the arena */
	__u32 first; /* index of the first automaton in match->below */
	__u32 write;
	__u32 owner_uid;
};

/* The owner of what has none; no task has this uid (include/linux/uidgid.h, uid_valid). */
#define NOBODY 0xffffffffu

/* Index into an outcome row; looked up only where there is a row. */
static __always_inline __u32 match_bits(__u32 write, __u32 owner_uid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 bits = write;

	if (task->signal->tty)
		bits |= KA_ACCESS_TTY;
	if (task->cred->fsuid.val == owner_uid)
		bits |= KA_ACCESS_OWNER;
	return bits & 7;
}

/* One automaton; not 0 if there is none, and so no more. */
static __always_inline long match_take(__u32 i, struct match_walk *walk)
{
	const char *start = walk->start;
	struct ka_match *match = walk->match;
	__u32 mask = (arena_size - 1) & ~7u;
	__u32 root, state, row;

	root = *(const __u32 *)(start + ((walk->roots + 4 * i) & (arena_size - 1) & ~3u));
	if (!root)
		return 1;
	state = dfa_walk(start, walk->path, walk->at, root + walk->plan);
	row = ((const struct ka_state *)(start + (state & mask)))->row;
	if (row) {
		const struct ka_cell *cell = (const void *)(start + (row & mask));

		cell += match_bits(walk->write, walk->owner_uid);
		if (cell->decide > match->decide)
			match->decide = cell->decide;
		if (cell->audit > match->audit)
			match->audit = cell->audit;
	}
	if (match->want_below) {
		__u32 index = (walk->first + i) & 15;
		const struct ka_state *below;

		state = dfa_next(start, mask, state, '/');
		below = (const void *)(start + (state & mask));
		match->below[index] = state;
		if (below->value & KA_STATE_BLOCKS_BELOW)
			match->blocks_below |= 1u << index;
	}
	return 0;
}

static long match_step(__u32 i, struct match_walk *walk)
{
	return match_take(i, walk);
}

#endif
