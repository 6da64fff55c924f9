/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVASION_URING_H
#define EVASION_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>

/* An io_uring of a few entries, driven by the bare system calls: one request in flight at a time. */
struct uring {
	int fd;
	bool polled;
	unsigned *sq_tail, *sq_mask, *sq_array, *sq_flags, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

/* False with errno when the kernel or seccomp refuses. */
bool uring_open(struct uring *ring, unsigned setup_flags);
/* Submits one request and waits; the result as the kernel puts it: negative errno or value. */
int uring_do(struct uring *ring, const struct io_uring_sqe *request);

#endif
