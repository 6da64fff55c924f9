/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} file = { .handle.handle_bytes = MAX_HANDLE_SZ };
	char proc[64];
	int mount_id, mount_fd, fd, drop;

	if (name_to_handle_at(AT_FDCWD, target, &file.handle, &mount_id, 0) < 0) {
		step_failed("name_to_handle_at");
		return;
	}
	/* Without cached dentries the file comes back without a parent, so that its path cannot be told. */
	drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (drop >= 0) {
		if (write(drop, "2", 1) < 0)
			step_failed("drop caches");
		close(drop);
	}
	mount_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open_by_handle_at(mount_fd, &file.handle, goal == WRITE ? O_WRONLY : goal == EXEC ? O_PATH : O_RDONLY);
	if (fd < 0) {
		step_failed("open_by_handle_at");
		return;
	}
	if (goal == EXEC) {
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		reach_path(proc);
	} else {
		reach_fd(fd);
	}
}

ATTACK(.name = "open-by-handle", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
