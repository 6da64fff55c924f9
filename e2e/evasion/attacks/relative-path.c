/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

static void run(void)
{
	char dotted[PATH_MAX];

	if (chdir(vault) < 0) {
		step_failed("chdir into the vault");
		return;
	}
	reach_path("target");
	reach_path("./../vault/.//target");
	if (chdir(scratch) == 0)
		reach_path("../vault/target");
	snprintf(dotted, sizeof(dotted), "%.2000s/../open/..//vault/./target", vault);
	reach_path(dotted);
	reach_path(open_path("../vault/target"));
}

ATTACK(.name = "relative-path", .goals = READ | EXEC | WRITE)
