/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <pthread.h>
#include <time.h>

/* A name that points to a free object at one moment and to the protected one at the next. */
/* Each try that meets the target makes an alert; more of them would only test the ring buffer. */
#define TRIES 400

static volatile bool over;
static const char *name, *spare;

static void *swap(void *unused)
{
	(void)unused;
	while (!over) {
		unlink(spare);
		if (symlink(target, spare) < 0 || rename(spare, name) < 0)
			step_failed("swap to the target");
		unlink(spare);
		if (symlink(decoy_path(), spare) < 0 || rename(spare, name) < 0)
			step_failed("swap to the decoy");
	}
	return NULL;
}

static void run(void)
{
	struct timespec start, now;
	int tries = 0;
	pthread_t thread;

	name = strdup(open_path("swapped"));
	spare = strdup(open_path("spare"));
	if (symlink(decoy_path(), name) < 0)
		step_failed("symlink");
	if (pthread_create(&thread, NULL, swap, NULL) != 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		reach_path(name);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!has_escaped() && ++tries < TRIES && now.tv_sec - start.tv_sec < 3);
	over = true;
	pthread_join(thread, NULL);
	reach_path(target);
}

ATTACK(.name = "swap-symlink-race", .goals = READ | EXEC)
