/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

#include "cgroup.h"

bool cgroup_make(char *path, size_t size)
{
	const char *point;

	snprintf(path, size, "/sys/fs/cgroup/evasion.%d", getpid());
	if (mkdir(path, 0755) == 0)
		return true;
	point = open_path("cgroups");
	mkdir(point, 0755);
	if (mount("cgroup2", point, "cgroup2", 0, NULL) < 0)
		return false;
	snprintf(path, size, "%.3000s/evasion.%d", point, getpid());
	return mkdir(path, 0755) == 0;
}
