/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_TEST_MINI_PLAN_H
#define KA_TEST_MINI_PLAN_H

/*
 * A planner just good enough to test the programs without the real one: a trie per automaton, straight into the
 * arena with absolute offsets. No minimization, no globs; a longer pattern wins over a shorter one.
 */

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../../abi/plan.h"
#include "../../abi/limits.h"

enum mini_shape { EXACT, DIRECTORY, RECURSIVE };

struct mini_cells {
	struct ka_cell cell[8];
};

struct mini_node {
	struct mini_node *child[256];
	__u32 row;	/* of a path that ends here */
	__u32 below;	/* row of all that is below, or of the direct children only */
	__u32 below_is_flat;
	__u32 value;
	__u32 state;
};

struct mini_plan {
	char *arena;
	__u32 at;   /* of the plan */
	__u32 used; /* next free byte */
	struct ka_plan *header;
};

static inline __u32 mini_take(struct mini_plan *plan, __u32 size, __u32 align)
{
	__u32 at = (plan->used + align - 1) & ~(align - 1);

	memset(plan->arena + at, 0, size);
	plan->used = at + size;
	return at;
}

static inline void mini_begin(struct mini_plan *plan, char *arena, __u32 at)
{
	plan->arena = arena;
	plan->at = at;
	plan->used = at;
	mini_take(plan, sizeof(struct ka_plan), 64);
	plan->header = (struct ka_plan *)(arena + at);
	plan->header->magic = KA_PLAN_MAGIC;
	plan->header->abi_version = KA_ABI_VERSION;
}

static inline struct mini_node *mini_node(void)
{
	return calloc(1, sizeof(struct mini_node));
}

static inline __u32 mini_row(struct mini_plan *plan, struct mini_cells cells)
{
	__u32 at = mini_take(plan, sizeof(struct ka_row), 64);

	memcpy(plan->arena + at, &cells, sizeof(struct ka_row));
	return at;
}

static inline struct mini_node *mini_reach(struct mini_node *root, const char *path)
{
	for (; *path; path++) {
		struct mini_node **next = &root->child[(unsigned char)*path];

		if (!*next)
			*next = mini_node();
		root = *next;
	}
	return root;
}

/* A directory is named without its trailing slash; "" is the root. */
static inline void mini_rule(struct mini_plan *plan, struct mini_node *root, enum mini_shape shape, const char *path,
			     struct mini_cells cells)
{
	struct mini_node *node = mini_reach(root, path);
	__u32 row = mini_row(plan, cells);

	node->row = row;
	if (shape == EXACT)
		return;
	node = mini_reach(node, "/");
	if (!*path)
		node->row = row;
	node->below = row;
	node->below_is_flat = shape == DIRECTORY;
}

static inline int mini_blocks(struct mini_plan *plan, __u32 row)
{
	const struct ka_row *cells = (void *)(plan->arena + row);

	for (int i = 0; row && i < 8; i++)
		if ((cells->cell[i].decide & KA_CELL_VERDICT_MASK) == KA_BLOCK)
			return 1;
	return 0;
}

static inline struct ka_state *mini_state(struct mini_plan *plan, __u32 at)
{
	return (struct ka_state *)(plan->arena + at);
}

static inline void mini_edge(struct mini_plan *plan, __u32 from, unsigned char byte, __u32 to)
{
	struct ka_state *state = mini_state(plan, from);
	struct ka_edge *edge;

	if (!state->base)
		state->base = mini_take(plan, 256 * sizeof(*edge), 8);
	edge = (struct ka_edge *)(plan->arena + state->base) + byte;
	edge->owner = from;
	edge->next = to;
}

/* A state that stays what it is: everything below, or one component below. */
static inline __u32 mini_sink(struct mini_plan *plan, __u32 row, int flat, __u32 dead)
{
	__u32 at = mini_take(plan, sizeof(struct ka_state), 16);

	mini_state(plan, at)->fallback = at;
	mini_state(plan, at)->row = row;
	mini_state(plan, at)->value = mini_blocks(plan, row) ? KA_STATE_BLOCKS_BELOW : 0;
	if (flat)
		mini_edge(plan, at, '/', dead);
	return at;
}

static inline int mini_lay(struct mini_plan *plan, struct mini_node *node, __u32 fallback, __u32 inherited, __u32 dead,
			   int is_source)
{
	__u32 at = mini_take(plan, sizeof(struct ka_state), 16);
	__u32 below = inherited;
	int blocks = 0;

	node->state = at;
	if (node->below) {
		fallback = mini_sink(plan, node->below, node->below_is_flat, dead);
		below = node->below;
	}
	mini_state(plan, at)->fallback = fallback;
	mini_state(plan, at)->row = node->row ? node->row : inherited;
	blocks |= mini_blocks(plan, below);
	for (int byte = 0; byte < 256; byte++) {
		struct mini_node *child = node->child[byte];

		if (!child)
			continue;
		blocks |= mini_blocks(plan, child->row);
		blocks |= mini_lay(plan, child, fallback, byte == '/' && node->below_is_flat ? 0 : below, dead, is_source);
		mini_edge(plan, at, byte, child->state);
	}
	mini_state(plan, at)->value = is_source ? node->value : blocks ? KA_STATE_BLOCKS_BELOW : 0;
	return blocks;
}

/* Lays an automaton out; its start state, relative to the plan as the header wants it. */
static inline __u32 mini_root(struct mini_plan *plan, struct mini_node *root, int is_source)
{
	__u32 dead = mini_sink(plan, 0, 0, 0);

	mini_lay(plan, root, dead, 0, dead, is_source);
	return root->state - plan->at;
}

#endif
