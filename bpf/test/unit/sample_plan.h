/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_TEST_SAMPLE_PLAN_H
#define KA_TEST_SAMPLE_PLAN_H

#include <string.h>
#include <linux/types.h>

#include "../../abi/plan.h"

/* A plan by hand: file class blocks "/a" by rule 1; one source "/s" with the same automaton for its opens; rule 1 has an
 * argument list, of the same text for want of a third automaton. */
struct sample_plan {
	struct ka_plan plan; /* 256 bytes */
	struct ka_source_plan source[2];
	struct ka_state state[6]; /* dead, start, after '/', after "/a"; start and end of the source automaton */
	__u32 args[2];
	char pad[24];
	struct ka_row row[1];
	struct ka_edge edge[512];
};

#define STATE(i) (offsetof(struct sample_plan, state) + (i) * sizeof(struct ka_state))
#define EDGE(i) (offsetof(struct sample_plan, edge) + (i) * sizeof(struct ka_edge))

_Static_assert(STATE(0) % 16 == 0 && EDGE(0) % 64 == 0 && offsetof(struct sample_plan, row) % 64 == 0, "alignment");
_Static_assert(sizeof(struct sample_plan) % 64 == 0, "whole blocks");

static inline void sample_plan_init(struct sample_plan *p, __u64 hash)
{
	memset(p, 0, sizeof(*p));
	p->plan = (struct ka_plan){
		.magic = KA_PLAN_MAGIC,
		.abi_version = KA_ABI_VERSION,
		.size = sizeof(*p),
		.rule_count = 1,
		.states = STATE(0),
		.state_count = 6,
		.edges = EDGE(0),
		.edge_count = 512,
		.rows = offsetof(struct sample_plan, row),
		.row_count = 1,
		.source_root = STATE(4),
		.sources = offsetof(struct sample_plan, source),
		.source_count = 1,
		.args = offsetof(struct sample_plan, args),
		.content_hash = hash,
		.cls[KA_CLASS_FILE] = { .root = { STATE(1) }, .flags = KA_CLASS_CAN_BLOCK | KA_CLASS_SPEAKS },
	};
	p->args[1] = STATE(1) | KA_ARGS_OWNER_ONLY;
	p->source[1].root[KA_CLASS_FILE][0] = STATE(1);
	p->state[0] = (struct ka_state){ .fallback = STATE(0) };
	p->state[1] = (struct ka_state){ .base = EDGE(0), .fallback = STATE(0), .value = KA_STATE_BLOCKS_BELOW };
	p->state[2] = (struct ka_state){ .base = EDGE(1), .fallback = STATE(0), .value = KA_STATE_BLOCKS_BELOW };
	p->state[3] = (struct ka_state){ .fallback = STATE(0), .row = offsetof(struct sample_plan, row) };
	p->state[4] = (struct ka_state){ .base = EDGE(2), .fallback = STATE(0) };
	p->state[5] = (struct ka_state){ .fallback = STATE(0), .value = 1 };
	p->edge['/'] = (struct ka_edge){ .owner = STATE(1), .next = STATE(2) };
	p->edge[1 + 'a'] = (struct ka_edge){ .owner = STATE(2), .next = STATE(3) };
	p->edge[2 + 's'] = (struct ka_edge){ .owner = STATE(4), .next = STATE(5) };
	for (int c = 0; c < 8; c++)
		p->row[0].cell[c].decide = 1 << KA_CELL_RULE_SHIFT | KA_BLOCK;
}

#endif
