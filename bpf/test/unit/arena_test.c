/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <linux/types.h>

#include "check.h"
#include "sample_plan.h"
#include "../../enforcer/arena.h"

#include <errno.h>

#define PLAN_SIZE sizeof(struct sample_plan)

static int put(struct arena *arena, __u64 hash)
{
	struct sample_plan p;
	const char *why;

	sample_plan_init(&p, hash);
	return arena_put(arena, hash, &p, sizeof(p), &why);
}

/* Sorted, apart from each other, inside, aligned, and the sums right. */
static void holds_together(const struct arena *arena)
{
	__u64 end = KA_ARENA_RESERVED, used = 0;
	__u32 retired = 0;

	for (__u32 i = 0; i < arena->count; i++) {
		CHECK(arena->plan[i].off >= end && arena->plan[i].off % ARENA_ALIGN == 0);
		end = (__u64)arena->plan[i].off + arena->plan[i].size;
		used += arena->plan[i].size;
		retired += !arena->plan[i].refs && !arena->plan[i].fresh;
	}
	CHECK(end <= arena->size && used == arena->used && retired == arena->retired);
}

int main(void)
{
	const __u32 size = 3 * PLAN_SIZE + KA_ARENA_RESERVED;
	char *mem = aligned_alloc(64, size);
	struct arena arena;
	const char *why;

	TEST("equal plans are stored once") {
		arena_init(&arena, mem, size);
		CHECK(put(&arena, 1) == 0 && put(&arena, 1) == 0 && arena.count == 1);
		arena_free(&arena);
	}
	TEST("a plan without room is refused and fits after its predecessor was swept") {
		arena_init(&arena, mem, size);
		for (__u64 hash = 1; hash <= 3; hash++) {
			CHECK(put(&arena, hash) == 0);
			arena_hold(&arena, arena_find(&arena, hash));
		}
		CHECK(put(&arena, 4) == -ENOSPC);
		__u32 off = arena_find(&arena, 2);

		arena_drop(&arena, off);
		CHECK(put(&arena, 4) == -ENOSPC && arena_find(&arena, 2) == off);
		arena_sweep(&arena, false);
		CHECK(put(&arena, 4) == 0 && arena_find(&arena, 4) == off && !arena_find(&arena, 2));
		holds_together(&arena);
		arena_free(&arena);
	}
	TEST("a plan that was put but not bound survives a sweep of the retired ones") {
		arena_init(&arena, mem, size);
		CHECK(put(&arena, 1) == 0);
		arena_sweep(&arena, false);
		CHECK(arena_find(&arena, 1));
		arena_sweep(&arena, true);
		CHECK(!arena_find(&arena, 1) && !arena.used);
		arena_free(&arena);
	}
	TEST("a plan whose hash is not the one announced is refused") {
		struct sample_plan p;

		arena_init(&arena, mem, size);
		sample_plan_init(&p, 5);
		CHECK(arena_put(&arena, 6, &p, sizeof(p), &why) == -EINVAL && why);
		CHECK(arena_put(&arena, 0, &p, sizeof(p), &why) == -EINVAL && why);
		arena_free(&arena);
	}
	TEST("plans in force are found again by a new process") {
		struct arena again;

		memset(mem, 0, size);
		arena_init(&arena, mem, size);
		CHECK(put(&arena, 1) == 0 && put(&arena, 2) == 0 && put(&arena, 3) == 0);
		arena_init(&again, mem, size);
		CHECK(arena_adopt(&again, arena_find(&arena, 3)) == 0);
		CHECK(arena_adopt(&again, arena_find(&arena, 1)) == 0);
		CHECK(arena_adopt(&again, arena_find(&arena, 1)) == 0);
		CHECK(again.count == 2 && arena_find(&again, 1) == arena_find(&arena, 1) && again.plan[0].refs == 2);
		CHECK(put(&again, 4) == 0 && arena_find(&again, 4) == arena_find(&arena, 2));
		holds_together(&again);
		arena_free(&again);
		arena_free(&arena);
	}
	TEST("an offset where no plan lies is not adopted") {
		memset(mem, 0, size);
		arena_init(&arena, mem, size);
		CHECK(put(&arena, 1) == 0);
		CHECK(arena_adopt(&arena, 0) == -EINVAL && arena_adopt(&arena, size) == -EINVAL);
		CHECK(arena_adopt(&arena, 4096 + 64) == -EINVAL && arena_adopt(&arena, 4097) == -EINVAL);
		CHECK(arena_adopt(&arena, 0xffffffc0) == -EINVAL);
		arena_free(&arena);
	}
	TEST("any order of puts, bindings and sweeps keeps plans apart") {
		unsigned long long seed = 42;
		__u32 bound[64] = { 0 };
		const __u32 large = 40 * PLAN_SIZE + KA_ARENA_RESERVED;
		char *room = aligned_alloc(64, large);

		arena_init(&arena, room, large);
		for (int i = 0; i < 20000; i++) {
			__u32 w = random_next(&seed) % 64;

			if (random_next(&seed) % 8 == 0) {
				arena_sweep(&arena, random_next(&seed) % 4 == 0);
			} else {
				__u64 hash = 1 + random_next(&seed) % 80;
				int err = put(&arena, hash);

				CHECK(err == 0 || err == -ENOSPC);
				__u32 off = err ? 0 : arena_find(&arena, hash);

				arena_hold(&arena, off);
				arena_drop(&arena, bound[w]);
				bound[w] = off;
			}
			holds_together(&arena);
		}
		for (int w = 0; w < 64; w++)
			arena_drop(&arena, bound[w]);
		arena_sweep(&arena, true);
		CHECK(arena.count == 0 && arena.used == 0);
		arena_free(&arena);
		free(room);
	}
	free(mem);
	return tests_done();
}
