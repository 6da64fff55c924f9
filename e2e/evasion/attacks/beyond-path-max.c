/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The object lies so deep that no system call takes its whole path; each directory is entered in turn. */
static void run(void)
{
	char *rest = strdup(target + 1), *slash;

	if (chdir("/") < 0)
		step_failed("chdir");
	while ((slash = strchr(rest, '/')) != NULL) {
		*slash = '\0';
		if (chdir(rest) < 0) {
			step_failed("chdir");
			return;
		}
		rest = slash + 1;
	}
	reach_path(rest);
}

ATTACK(.name = "beyond-path-max", .goals = READ | EXEC, .layout = LAYOUT_BEYOND, .directory_rule = true,
       .alert_elsewhere = true, .alert_names = "(unknown)")
