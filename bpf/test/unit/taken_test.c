/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <linux/types.h>

#include "check.h"
#include "../../enforcer/taken.h"

static bool advances(__u64 taken, __u64 open, __u64 next_taken, __u64 next_open)
{
	const struct ka_events_taken kept = { taken, open }, next = { next_taken, next_open };

	return taken_advances(&kept, &next);
}

int main(void)
{
	TEST("later numbers and fewer open ones are progress") {
		CHECK(advances(0, 0, 1, 0));
		CHECK(advances(10, 0, 11, 0));
		CHECK(advances(10, 3, 10, 2));
		CHECK(advances(10, 3, 14, 6));
		CHECK(advances(10, 0, ~0ULL, 0));
	}
	TEST("the pair that is kept already is none") {
		CHECK(!advances(0, 0, 0, 0));
		CHECK(!advances(10, 3, 10, 3));
	}
	TEST("a stale pair changes nothing") {
		CHECK(!advances(10, 0, 9, 0));
		CHECK(!advances(10, 3, 9, 0));
		CHECK(!advances(10, 2, 10, 3));
	}
	TEST("a pair that takes back what was accounted for is refused") {
		CHECK(!advances(10, 0, 14, 4));
		CHECK(!advances(10, 0, 14, 5));
	}
	TEST("more open numbers than there are make no sense") {
		CHECK(!advances(0, 0, 3, 4));
		CHECK(!advances(0, 0, 0, 1));
		CHECK(!advances(5, 0, 6, ~0ULL));
	}
	TEST("in whatever order the pairs of a growing account come, the last one is kept") {
		unsigned long long seed = 7;

		for (int round = 0; round < 2000; round++) {
			struct ka_events_taken account[16] = { { 0, 0 } }, kept = { 0, 0 };

			for (int i = 1; i < 16; i++) {
				__u64 more = random_next(&seed) % 4, settled = random_next(&seed) % (account[i - 1].open + 1);

				account[i].taken = account[i - 1].taken + more;
				account[i].open = account[i - 1].open - settled + (more ? random_next(&seed) % more : 0);
			}
			for (int i = 0; i < 64; i++) {
				const struct ka_events_taken *next = &account[i < 48 ? random_next(&seed) % 16 : 15];

				if (taken_advances(&kept, next))
					kept = *next;
			}
			CHECK(kept.taken == account[15].taken && kept.open == account[15].open);
		}
	}
	return tests_done();
}
