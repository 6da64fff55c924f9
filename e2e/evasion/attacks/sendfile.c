/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/sendfile.h>

static void run(void)
{
	char bytes[4096];
	int fd = open(target, O_RDONLY | O_CLOEXEC), pipes[2];
	ssize_t size;

	if (fd < 0) {
		step_failed("open");
		return;
	}
	if (pipe(pipes) < 0 || sendfile(pipes[1], fd, NULL, sizeof(bytes)) < 0) {
		step_failed("sendfile");
		return;
	}
	size = read(pipes[0], bytes, sizeof(bytes));
	holds_secret(bytes, size < 0 ? 0 : (size_t)size, "sendfile");
}

ATTACK(.name = "sendfile", .goals = READ)
