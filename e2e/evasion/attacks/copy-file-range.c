/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int from = open(target, O_RDONLY | O_CLOEXEC);
	int to = open(open_path("copied"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (from < 0) {
		step_failed("open");
		return;
	}
	if (to < 0 || copy_file_range(from, NULL, to, NULL, 4096, 0) < 0) {
		step_failed("copy_file_range");
		return;
	}
	reach_fd(to);
}

ATTACK(.name = "copy-file-range", .goals = READ)
