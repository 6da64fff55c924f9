/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mman.h>

/* The code is read into anonymous memory: the kernel sees no file executed. */
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
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED || read(fd, code, 4096) < 0) {
		step_failed("read into executable memory");
		return;
	}
	reach_exec(call, code, "userland-exec");
}

ATTACK(.name = "userland-exec", .goals = EXEC, .layout = LAYOUT_FLAT)
