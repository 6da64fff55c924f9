/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <pthread.h>

/* The access is made by a thread that is not the process's first one. */
static void *reach(void *unused)
{
	(void)unused;
	reach_path(target);
	return NULL;
}

static void run(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, reach, NULL) != 0) {
		step_failed("pthread_create");
		return;
	}
	pthread_join(thread, NULL);
}

ATTACK(.name = "thread", .goals = READ | EXEC | WRITE)
