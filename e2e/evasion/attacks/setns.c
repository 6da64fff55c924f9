/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

/* A child makes a new mount namespace and waits; the attacker joins it from outside. */
static void run(void)
{
	char path[64], byte;
	int ready[2], fd;
	pid_t child;

	if (pipe(ready) < 0)
		return;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, 9);
		byte = unshare(CLONE_NEWNS) == 0 ? 'y' : errno == EACCES ? 'd' : 'n';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1 || byte != 'y') {
		errno = byte == 'd' ? EACCES : EPERM;
		step_failed("unshare in the child");
	} else {
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", child);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			step_failed("open the namespace");
		else if (setns(fd, CLONE_NEWNS) < 0)
			step_failed("setns");
		else
			reach_path(target);
	}
	kill(child, 9);
	waitpid(child, NULL, 0);
}

ATTACK(.name = "setns", .goals = READ | EXEC | WRITE)
