/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include "uring.h"

static void run(void)
{
	struct uring ring;
	const char *name = open_path("renamed-by-ring");
	struct io_uring_sqe request = {
		.opcode = IORING_OP_RENAMEAT,
		.fd = AT_FDCWD,
		.addr = (uint64_t)(uintptr_t)target,
		.len = (unsigned)AT_FDCWD,
		.addr2 = (uint64_t)(uintptr_t)name,
	};
	int result;

	if (!uring_open(&ring, 0)) {
		step_failed("io_uring_setup");
		return;
	}
	result = uring_do(&ring, &request);
	if (result < 0) {
		errno = -result;
		step_failed("IORING_OP_RENAMEAT");
		return;
	}
	reach_path(name);
}

ATTACK(.name = "io-uring-rename", .goals = READ | EXEC | WRITE)
