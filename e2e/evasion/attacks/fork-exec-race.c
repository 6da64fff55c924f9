/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* Many short-lived tasks at once: a label that arrives late would let one of them through. */
#define ROUNDS 40
#define TASKS 8

static void run(void)
{
	for (int round = 0; round < ROUNDS && !has_escaped(); round++) {
		for (int task = 0; task < TASKS; task++) {
			pid_t child = fork();

			if (child == 0) {
				if (fork() == 0)
					reach_path(target);
				_exit(0);
			}
			if (child < 0)
				step_failed("fork");
		}
		while (wait(NULL) > 0)
			continue;
	}
	/* The grandchildren were orphaned on purpose; one last look after they had time to run. */
	reach_path(target);
}

ATTACK(.name = "fork-exec-race", .goals = READ | EXEC | WRITE)
