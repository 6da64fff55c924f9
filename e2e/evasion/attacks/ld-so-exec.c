/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The dynamic loader is the program; the blocked one is only mapped. */
static void load(void *loader)
{
	char *argv[] = { loader, target, NULL }, *envp[] = { NULL };

	execve(loader, argv, envp);
}

static void run(void)
{
	reach_exec(load, (void *)open_path("ld.so"), "exec through ld.so");
}

ATTACK(.name = "ld-so-exec", .goals = EXEC, .layout = LAYOUT_DYNAMIC)
