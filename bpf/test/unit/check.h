/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_TEST_CHECK_H
#define KA_TEST_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A test is a sentence that promises something; the first broken claim ends the process. */

static int tests_passed;

#define CHECK(claim)                                                                            \
	do {                                                                                    \
		if (!(claim)) {                                                                 \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
			exit(1);                                                                \
		}                                                                               \
	} while (0)

#define TEST(sentence)                                   \
	for (bool run = true; run; run = false, tests_passed++, printf("ok %s\n", sentence))

static inline int tests_done(void)
{
	/* The plan of the Test Anything Protocol: a suite that dies before it has none. */
	printf("1..%d\n", tests_passed);
	return 0;
}

/* xorshift64: the same sequence on every machine, so that a failure can be repeated. */
static inline unsigned long long random_next(unsigned long long *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
