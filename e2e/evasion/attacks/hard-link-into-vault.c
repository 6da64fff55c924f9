/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* Another name inside the vault that no rule names; only an exact rule can be tricked so. */
static void run(void)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%.2000s/second-name", vault);
	if (link(target, name) < 0)
		step_failed("link");
	else
		reach_path(name);
}

ATTACK(.name = "hard-link-into-vault", .goals = READ | EXEC | WRITE)
