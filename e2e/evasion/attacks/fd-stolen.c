/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <signal.h>

#include "accomplice.h"

/* pidfd_getfd copies the descriptor out of a process that one may trace. */
static void run(void)
{
	pid_t accomplice;
	int theirs, pidfd, fd;

	if (accomplice_start(&accomplice, &theirs) < 0) {
		step_failed("open by the accomplice");
		return;
	}
	pidfd = (int)syscall(SYS_pidfd_open, accomplice, 0);
	if (pidfd < 0) {
		step_failed("pidfd_open");
	} else {
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
		if (fd < 0)
			step_failed("pidfd_getfd");
		else
			reach_fd(fd);
	}
	kill(accomplice, SIGKILL);
	waitpid(accomplice, NULL, 0);
}

ATTACK(.name = "fd-stolen", .goals = READ, .blocked_source = true)
