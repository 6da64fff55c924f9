/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include "cgroup.h"

/* The attacker moves itself into another cgroup before it reaches for the target. */
static void inside(void *arg)
{
	char procs[PATH_MAX];
	int fd;

	snprintf(procs, sizeof(procs), "%.4000s/cgroup.procs", (const char *)arg);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) < 0) {
		step_failed("write to cgroup.procs");
		return;
	}
	reach_path(target);
}

static void run(void)
{
	char group[PATH_MAX];

	if (!cgroup_make(group, sizeof(group))) {
		step_failed("mkdir of a cgroup");
		return;
	}
	in_child(inside, group);
	rmdir(group);
}

ATTACK(.name = "cgroup-move", .goals = READ | EXEC | WRITE)
