/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_RING_H
#define KA_RING_H

#include <stddef.h>
#include <linux/types.h>

/*
 * Consumer of a BPF ring buffer that can stop before any record: libbpf's consumes a record also when its callback
 * refuses it. What is not consumed stays in the kernel, and once the ring is full the kernel counts what it drops.
 */
struct ring {
	volatile __u64 *consumer;
	const volatile __u64 *producer;
	const char *data;
	__u64 mask;
	size_t page;
};

int ring_open(struct ring *ring, int map_fd, __u32 size);
void ring_close(struct ring *ring);

/* The next record without taking it; NULL when none is complete. */
const void *ring_peek(struct ring *ring, __u32 *ret_len);

/* Gives the record that ring_peek() showed back to the kernel. */
void ring_take(struct ring *ring);

/* Complete records that wait, counted up to `limit`. */
__u64 ring_waiting(const struct ring *ring, __u64 limit);

#endif
