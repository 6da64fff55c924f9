/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* A directory far above: no rule names it. */
static void run(void)
{
	char away[PATH_MAX], reached[PATH_MAX];

	snprintf(away, sizeof(away), "%.2000s-away", case_dir);
	snprintf(reached, sizeof(reached), "%.2000s/vault/target", away);
	if (rename(case_dir, away) < 0) {
		step_failed("rename of the ancestor");
		return;
	}
	reach_path(reached);
	if (rename(away, case_dir) < 0)
		step_failed("rename back");
}

ATTACK(.name = "rename-ancestor", .goals = READ | EXEC | WRITE, .alert_elsewhere = true)
