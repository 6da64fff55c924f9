/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The vault is moved away and a counterfeit directory takes its name. */
static void run(void)
{
	char counterfeit[PATH_MAX];
	int fd;

	if (rename(vault, open_path("old-vault")) < 0) {
		step_failed("rename of the directory");
		return;
	}
	snprintf(counterfeit, sizeof(counterfeit), "%.3000s/target", vault);
	if (mkdir(vault, 0755) < 0)
		step_failed("mkdir");
	fd = open(counterfeit, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		step_failed("create the counterfeit");
	else
		close(fd);
}

ATTACK(.name = "replace-parent", .goals = WRITE, .alert_elsewhere = true)
