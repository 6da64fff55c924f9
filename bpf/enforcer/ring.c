/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

/* Layout of the mapping: consumer page, producer page, data twice in a row (kernel/bpf/ringbuf.c, struct bpf_ringbuf). */
int ring_open(struct ring *ring, int map_fd, __u32 size)
{
	void *consumer, *producer;

	ring->page = sysconf(_SC_PAGESIZE);
	ring->mask = size - 1;
	consumer = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, ring->page + 2 * (size_t)size, PROT_READ, MAP_SHARED, map_fd, ring->page);
	if (producer == MAP_FAILED) {
		int err = -errno;

		munmap(consumer, ring->page);
		return err;
	}
	ring->consumer = consumer;
	ring->producer = producer;
	ring->data = (const char *)producer + ring->page;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (!ring->data)
		return;
	munmap((void *)ring->consumer, ring->page);
	munmap((void *)ring->producer, ring->page + 2 * (ring->mask + 1));
	ring->data = NULL;
}

static __u32 header_at(const struct ring *ring, __u64 pos)
{
	return __atomic_load_n((const __u32 *)(ring->data + (pos & ring->mask)), __ATOMIC_ACQUIRE);
}

static __u64 span(__u32 header)
{
	__u32 len = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return ((__u64)len + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
}

const void *ring_peek(struct ring *ring, __u32 *ret_len)
{
	__u64 end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	__u64 pos = *ring->consumer;

	while (pos < end) {
		__u32 header = header_at(ring, pos);

		if (header & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			*ret_len = header;
			return ring->data + (pos & ring->mask) + BPF_RINGBUF_HDR_SZ;
		}
		pos += span(header);
		__atomic_store_n(ring->consumer, pos, __ATOMIC_RELEASE);
	}
	return NULL;
}

void ring_take(struct ring *ring)
{
	__u64 pos = *ring->consumer;

	__atomic_store_n(ring->consumer, pos + span(header_at(ring, pos)), __ATOMIC_RELEASE);
}

__u64 ring_waiting(const struct ring *ring, __u64 limit)
{
	__u64 end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	__u64 count = 0;

	for (__u64 pos = *ring->consumer; pos < end && count < limit;) {
		__u32 header = header_at(ring, pos);

		if (header & BPF_RINGBUF_BUSY_BIT)
			break;
		count += !(header & BPF_RINGBUF_DISCARD_BIT);
		pos += span(header);
	}
	return count;
}
