/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mman.h>

/* The code of the blocked program, mapped and called. */
static void call(void *arg)
{
	void (*entry)(void);

	memcpy(&entry, &arg, sizeof(entry));
	entry();
}

static void run(void)
{
	int fd = open(target, O_RDONLY | O_CLOEXEC);
	char *code;

	if (fd < 0) {
		step_failed("open for reading");
		return;
	}
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED) {
		step_failed("mmap PROT_EXEC");
		return;
	}
	reach_exec(call, code, "mmap-exec");
}

ATTACK(.name = "mmap-exec", .goals = EXEC, .layout = LAYOUT_FLAT)
