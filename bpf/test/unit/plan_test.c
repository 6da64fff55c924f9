/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <linux/types.h>

#include "check.h"
#include "sample_plan.h"
#include "../../enforcer/plan.h"

/* The walk as the kernel makes it, except that it checks what plan_check() has promised. */
static const struct ka_cell *walk(const char *arena, size_t size, __u32 root, const unsigned char *path, size_t len)
{
	const struct ka_state *state;
	__u32 at = root;

	for (size_t i = 0; i < len; i++) {
		CHECK(at && at % 16 == 0 && at + sizeof(*state) <= size);
		state = (const void *)(arena + at);
		if (state->base) {
			__u32 slot = state->base + 8 * path[i];

			CHECK(slot % 8 == 0 && slot + sizeof(struct ka_edge) <= size);
			const struct ka_edge *edge = (const void *)(arena + slot);

			at = edge->owner == at ? edge->next : state->fallback;
		} else {
			at = state->fallback;
		}
	}
	CHECK(at && at % 16 == 0 && at + sizeof(*state) <= size);
	state = (const void *)(arena + at);
	if (!state->row)
		return NULL;
	CHECK(state->row + sizeof(struct ka_row) <= size);
	return ((const struct ka_row *)(arena + state->row))->cell;
}

struct damage {
	const char *what;
	size_t at;
	__u32 value;
};

#define AT(member) offsetof(struct sample_plan, member)

static const struct damage damages[] = {
	{ "another magic", AT(plan.magic), 1 },
	{ "another ABI version", AT(plan.abi_version), KA_ABI_VERSION + 1 },
	{ "a size that is not the blob's", AT(plan.size), 64 },
	{ "more states than there is room for", AT(plan.state_count), 1 << 28 },
	{ "a state table in the header", AT(plan.states), 16 },
	{ "a state table out of step", AT(plan.states), STATE(0) + 8 },
	{ "more edges than there is room for", AT(plan.edge_count), 513 },
	{ "a row table outside", AT(plan.rows), 0xffffffc0 },
	{ "tables that overlap", AT(plan.rows), EDGE(0) },
	{ "too many sources", AT(plan.source_count), KA_MAX_SOURCES + 1 },
	{ "sources without a table", AT(plan.sources), 0 },
	{ "a source root between states", AT(plan.source_root), STATE(4) + 8 },
	{ "a class root outside the states", AT(plan.cls[0].root[0]), EDGE(0) },
	{ "class roots with a hole", AT(plan.cls[0].root[1]), STATE(1) },
	{ "an unmatched cell of no rule", AT(plan.cls[0].unmatched.decide), 2 << KA_CELL_RULE_SHIFT },
	{ "a class that hides its rules", AT(plan.cls[KA_CLASS_FILE].flags), KA_CLASS_CAN_BLOCK },
	{ "roots for callers without a source", AT(source[0].root[0][0]), STATE(1) },
	{ "an argument table outside", AT(plan.args), sizeof(struct sample_plan) - 4 },
	{ "an argument table in another table", AT(plan.args), STATE(1) },
	{ "an argument table out of step", AT(plan.args), AT(args) + 2 },
	{ "arguments of no rule", AT(args[0]), STATE(1) },
	{ "arguments that start outside the states", AT(args[1]), EDGE(0) },
	{ "arguments that start nowhere", AT(args[1]), KA_ARGS_OWNER_ONLY },
	{ "arguments with an unknown flag", AT(args[1]), STATE(1) | 2 },
	{ "a source's root outside the states", AT(source[1].root[0][0]), 4 },
	{ "edges that end inside a state's reach", AT(state[1].base), EDGE(257) },
	{ "edges outside the edge table", AT(state[1].base), STATE(0) },
	{ "a fallback of none", AT(state[1].fallback), 0 },
	{ "a fallback between states", AT(state[1].fallback), STATE(0) + 4 },
	{ "a row outside the rows", AT(state[3].row), EDGE(0) },
	{ "a value that is no label", AT(state[5].value), 2 },
	{ "an edge that leads nowhere", AT(edge['/'].next), 8 },
	{ "an edge of no state that leads somewhere", AT(edge['/'].owner), 0 },
	{ "a cell of no rule", AT(row[0].cell[7].decide), 2 << KA_CELL_RULE_SHIFT | KA_BLOCK },
	{ "an audit cell that blocks", AT(row[0].cell[0].audit), 1 << KA_CELL_RULE_SHIFT | KA_BLOCK },
};

static void fuzz(void)
{
	enum { BASE = 4096, ROOM = BASE + sizeof(struct sample_plan) };
	unsigned long long seed = 0x9e3779b97f4a7c15ULL;
	char *arena = aligned_alloc(64, ROOM);
	int accepted = 0;

	for (int round = 0; round < 200000; round++) {
		struct sample_plan *p = (void *)(arena + BASE);
		const char *why;

		sample_plan_init(p, 1);
		for (int edits = random_next(&seed) % 4; edits >= 0; edits--) {
			/* Mostly small numbers and real offsets: pure noise is refused too early to test anything. */
			__u32 value = random_next(&seed) % 3 ? random_next(&seed) % (sizeof(*p) + 64) & ~7U : random_next(&seed);
			__u32 at = random_next(&seed) % 2 ? random_next(&seed) % 512 : random_next(&seed) % sizeof(*p);

			memcpy((char *)p + (at & ~3U), &value, sizeof(value));
		}
		if (plan_check(p, sizeof(*p), &why)) {
			CHECK(why);
			continue;
		}
		accepted++;
		plan_relocate(p, BASE);
		__u32 lists = p->plan.args ? p->plan.rule_count : 0;

		for (__u32 rule = 1; rule <= lists && rule < 8; rule++) {
			__u32 entry = ((const __u32 *)((const char *)p + p->plan.args))[rule] & ~KA_ARGS_OWNER_ONLY;

			if (entry)
				walk(arena, ROOM, BASE + entry, (const void *)"/as", 3);
		}
		for (int i = 0; i < 4; i++) {
			unsigned char path[8];
			__u32 root = p->plan.cls[i % 2].root[i / 2];

			for (size_t b = 0; b < sizeof(path); b++)
				path[b] = random_next(&seed) % 2 ? (unsigned char)"/as"[random_next(&seed) % 3] : random_next(&seed);
			if (root)
				walk(arena, ROOM, BASE + root, path, random_next(&seed) % sizeof(path));
		}
	}
	CHECK(accepted > 1000);
	free(arena);
}

int main(void)
{
	static _Alignas(64) char arena[8192 + sizeof(struct sample_plan)];
	struct sample_plan p;
	const char *why;

	TEST("a plan whose tables hold together is accepted") {
		sample_plan_init(&p, 7);
		CHECK(plan_check(&p, sizeof(p), &why) == 0 && !why);
	}
	TEST("a relocated plan decides as its rules say, wherever it lies") {
		sample_plan_init(&p, 7);
		memcpy(arena + 8192, &p, sizeof(p));
		plan_relocate(arena + 8192, 8192);
		const struct ka_cell *cell = walk(arena, sizeof(arena), 8192 + STATE(1), (const void *)"/a", 2);

		CHECK(cell && cell[0].decide == (1 << KA_CELL_RULE_SHIFT | KA_BLOCK));
		CHECK(!walk(arena, sizeof(arena), 8192 + STATE(1), (const void *)"/ab", 3));
		CHECK(!walk(arena, sizeof(arena), 8192 + STATE(1), (const void *)"/", 1));
	}
	TEST("every length short of the whole plan is refused") {
		sample_plan_init(&p, 7);
		for (size_t len = 0; len < sizeof(p); len++) {
			void *exact = malloc(len ? len : 1);

			memcpy(exact, &p, len);
			CHECK(plan_check(exact, len, &why) && why);
			free(exact);
		}
	}
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		char sentence[128];

		snprintf(sentence, sizeof(sentence), "a plan with %s is refused", damages[i].what);
		TEST(sentence) {
			sample_plan_init(&p, 7);
			memcpy((char *)&p + damages[i].at, &damages[i].value, sizeof(__u32));
			CHECK(plan_check(&p, sizeof(p), &why) && why);
		}
	}
	TEST("no plan that passes the check can lead a walk astray (200,000 damaged plans)")
		fuzz();
	return tests_done();
}
