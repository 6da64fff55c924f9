/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mman.h>

static void run(void)
{
	int fd = open(target, O_RDWR | O_CLOEXEC);
	char *bytes;

	if (fd < 0) {
		step_failed("open O_RDWR");
		return;
	}
	bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		step_failed("mmap MAP_SHARED");
	else
		bytes[0] = 0;
	close(fd);
}

ATTACK(.name = "shared-mapping", .goals = WRITE)
