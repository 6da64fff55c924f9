/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	char path[3 * PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/root%s", target);
	reach_path(path);
	snprintf(path, sizeof(path), "/proc/self/task/%ld/root%s", syscall(SYS_gettid), target);
	reach_path(path);
	snprintf(path, sizeof(path), "/proc/1/root%s", target);
	reach_path(path);
	if (chdir(vault) == 0)
		reach_path("/proc/self/cwd/target");
}

ATTACK(.name = "proc-self-root", .goals = READ | EXEC | WRITE)
