/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

/* The interpreter is free and only reads the script: for the kernel nothing blocked is executed. */
static void interpret(void *interpreter)
{
	char *argv[] = { interpreter, target, NULL }, *envp[] = { NULL };

	execve(interpreter, argv, envp);
}

static void run(void)
{
	reach_exec(interpret, (void *)open_path("interpreter"), "script as an argument");
}

ATTACK(.name = "blocked-script-as-argument", .goals = EXEC, .layout = LAYOUT_SCRIPT)
