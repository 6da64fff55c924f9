/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mman.h>

static void run(void)
{
	int fd = open(target, O_RDONLY | O_CLOEXEC);
	char *bytes;

	if (fd < 0) {
		step_failed("open");
		return;
	}
	bytes = mmap(NULL, 64, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		step_failed("mmap");
	else
		holds_secret(bytes, 18, "mmap");
}

ATTACK(.name = "map-and-read", .goals = READ)
