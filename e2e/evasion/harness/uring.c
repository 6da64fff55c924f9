/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/mman.h>

#include "uring.h"

bool uring_open(struct uring *ring, unsigned setup_flags)
{
	struct io_uring_params params = { .flags = setup_flags, .sq_thread_idle = 5000 };
	size_t sq_size, cq_size;
	char *sq, *cq;

	ring->polled = (setup_flags & IORING_SETUP_SQPOLL) != 0;
	ring->fd = (int)syscall(SYS_io_uring_setup, 8, &params);
	if (ring->fd < 0)
		return false;
	sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
	cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring->sqes == MAP_FAILED)
		return false;
	ring->sq_tail = (unsigned *)(sq + params.sq_off.tail);
	ring->sq_mask = (unsigned *)(sq + params.sq_off.ring_mask);
	ring->sq_array = (unsigned *)(sq + params.sq_off.array);
	ring->sq_flags = (unsigned *)(sq + params.sq_off.flags);
	ring->cq_head = (unsigned *)(cq + params.cq_off.head);
	ring->cq_tail = (unsigned *)(cq + params.cq_off.tail);
	ring->cq_mask = (unsigned *)(cq + params.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	return true;
}

int uring_do(struct uring *ring, const struct io_uring_sqe *request)
{
	unsigned tail = *ring->sq_tail, index = tail & *ring->sq_mask, head = *ring->cq_head, flags;
	int result;

	ring->sqes[index] = *request;
	ring->sq_array[index] = index;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	flags = IORING_ENTER_GETEVENTS;
	if (ring->polled && (__atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP))
		flags |= IORING_ENTER_SQ_WAKEUP;
	while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head) {
		if (syscall(SYS_io_uring_enter, ring->fd, ring->polled ? 0 : 1, 1, flags, NULL, 0) < 0 && errno != EINTR)
			return -errno;
	}
	result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}
