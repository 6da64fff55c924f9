/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <signal.h>

#include "accomplice.h"

/* /proc/PID/fd/N of a process that has the file open: a new open of the same object. */
static void run(void)
{
	char proc[64];
	pid_t accomplice;
	int theirs;

	if (accomplice_start(&accomplice, &theirs) < 0) {
		step_failed("open by the accomplice");
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/%d/fd/%d", accomplice, theirs);
	reach_path(proc);
	kill(accomplice, SIGKILL);
	waitpid(accomplice, NULL, 0);
}

ATTACK(.name = "fd-of-another-process", .goals = READ, .blocked_source = true)
