/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mount.h>

/* The protected path shows an object of the attacker's choice. */
static void run(void)
{
	if (mount(decoy_path(), target, NULL, MS_BIND, NULL) < 0)
		step_failed("mount MS_BIND over the target");
}

ATTACK(.name = "mount-over", .goals = WRITE, .alert_elsewhere = true)
