/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include "uring.h"

/* The open is made by a worker thread of the ring, not by the caller. */
static void run(void)
{
	struct uring ring;
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uint64_t)(uintptr_t)target,
		.open_flags = goal == WRITE ? O_WRONLY : O_RDONLY,
		.flags = IOSQE_ASYNC,
	};
	int fd;

	if (!uring_open(&ring, 0)) {
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

ATTACK(.name = "io-uring-worker", .goals = READ | WRITE)
