/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	int from = open(decoy_path(), O_RDONLY | O_CLOEXEC), to = open(target, O_WRONLY | O_CLOEXEC);

	if (to < 0) {
		step_failed("open O_WRONLY");
		return;
	}
	if (copy_file_range(from, NULL, to, NULL, 5, 0) < 0)
		step_failed("copy_file_range");
}

ATTACK(.name = "copy-onto", .goals = WRITE)
