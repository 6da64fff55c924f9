/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <linux/openat2.h>

static void attempt(int dirfd, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = goal == WRITE ? O_WRONLY : goal == EXEC ? O_PATH : O_RDONLY,
		.resolve = resolve,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	char proc[64];

	if (fd < 0) {
		step_failed("openat2");
		return;
	}
	if (goal == EXEC) {
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		reach_path(proc);
	} else {
		reach_fd(fd);
	}
	close(fd);
}

static void run(void)
{
	int dir = open(vault, O_PATH | O_DIRECTORY | O_CLOEXEC);

	attempt(AT_FDCWD, target, 0);
	attempt(AT_FDCWD, target, RESOLVE_NO_SYMLINKS);
	attempt(AT_FDCWD, target, RESOLVE_NO_MAGICLINKS);
	attempt(AT_FDCWD, target, RESOLVE_CACHED);
	if (dir < 0) {
		step_failed("open the vault");
		return;
	}
	attempt(dir, "target", RESOLVE_BENEATH);
	attempt(dir, "/target", RESOLVE_IN_ROOT);
	attempt(dir, "../../target", RESOLVE_IN_ROOT);
	attempt(dir, "target", RESOLVE_NO_XDEV);
}

ATTACK(.name = "openat2", .goals = READ | EXEC | WRITE)
