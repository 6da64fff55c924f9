/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <pthread.h>
#include <time.h>

/* The path in memory changes while the kernel reads it: a decision on the text of the argument would be fooled. */
/* Each try that meets the target makes an alert; more of them would only test the ring buffer. */
#define TRIES 400

static volatile bool over;
static char argument[PATH_MAX];

static void *swap(void *unused)
{
	const char *decoy = strdup(decoy_path());
	size_t size = strlen(target) > strlen(decoy) ? strlen(target) + 1 : strlen(decoy) + 1;
	char *one = calloc(1, size), *two = calloc(1, size);

	(void)unused;
	strcpy(one, target);
	strcpy(two, decoy);
	while (!over) {
		memcpy(argument, one, size);
		memcpy(argument, two, size);
	}
	return NULL;
}

static void run(void)
{
	struct timespec start, now;
	int tries = 0;
	pthread_t thread;

	snprintf(argument, sizeof(argument), "%s", decoy_path());
	if (pthread_create(&thread, NULL, swap, NULL) != 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		reach_path(argument);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!has_escaped() && ++tries < TRIES && now.tv_sec - start.tv_sec < 3);
	over = true;
	pthread_join(thread, NULL);
	reach_path(target);
}

ATTACK(.name = "argument-swap-race", .goals = READ | EXEC)
