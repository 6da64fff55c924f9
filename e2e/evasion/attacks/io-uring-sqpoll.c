/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include "uring.h"

/* The open is made by the ring's kernel thread; the caller makes no system call for it. */
static void run(void)
{
	struct uring ring;
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uint64_t)(uintptr_t)target,
		.open_flags = goal == WRITE ? O_WRONLY : O_RDONLY,
		.flags = 0,
	};
	int fd;

	if (!uring_open(&ring, IORING_SETUP_SQPOLL)) {
		step_failed("io_uring_setup");
		return;
	}
	fd = uring_do(&ring, &request);
	if (fd < 0) {
		errno = -fd;
		step_failed("IORING_OP_OPENAT");
	} else {
		reach_fd(fd);
		close(fd);
	}
	close(ring.fd);
}

ATTACK(.name = "io-uring-sqpoll", .goals = READ | WRITE)
