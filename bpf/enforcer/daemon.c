/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "../abi/plan.h"
#include "arena.h"
#include "daemon.h"
#include "frame.h"
#include "grace.h"
#include "ring.h"
#include "taken.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#define EVENTS_ROOM (256u << 10)
#define ANSWERS_ROOM (128u << 10)
#define SOCKET_ROOM (64 << 10) /* what has entered the socket can be overtaken no more */
#define ANSWER_MAX sizeof(struct ka_frame_stats)

struct daemon {
	struct loader *loader;
	struct arena arena;
	struct workloads *workloads;
	struct ring ring[KA_RING_COUNT];
	struct grace grace;
	struct frame_in in;
	struct frame_out out;
	void *mapped[MAP_COUNT];
	size_t mapped_len[MAP_COUNT];
	int in_fd, out_fd, stop_fd;
};

static const enum loader_map ring_maps[KA_RING_COUNT] = { MAP_alerts, MAP_telemetry };

static struct ka_header header_of(__u32 size, __u16 kind, __u64 seq)
{
	return (struct ka_header){ .size = size, .kind = kind, .abi_version = KA_ABI_VERSION, .seq = seq };
}

/* ---- state ---- */

static void *map_array(struct daemon *d, enum loader_map map, size_t len, struct failure *failure)
{
	size_t page = sysconf(_SC_PAGESIZE);
	void *mem;

	len = (len + page - 1) & ~(page - 1);
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, d->loader->map[map], 0);
	if (mem == MAP_FAILED) {
		failed(failure, EXIT_PINS, -errno, "map %d: cannot be mapped", map);
		return NULL;
	}
	d->mapped[map] = mem;
	d->mapped_len[map] = len;
	return mem;
}

static int open_state(struct daemon *d, struct failure *failure)
{
	struct workloads *w = d->workloads;
	void *arena_mem;
	int err;

	arena_mem = map_array(d, MAP_arena, d->loader->map_size[MAP_arena], failure);
	w->binding = map_array(d, MAP_workloads, KA_MAX_WORKLOADS * sizeof(*w->binding), failure);
	/* Elements of a BPF array are 8 bytes apart at least (kernel/bpf/arraymap.c, elem_size). */
	w->entered = map_array(d, MAP_workload_entered, KA_MAX_WORKLOADS * sizeof(__u64), failure);
	w->note = map_array(d, MAP_workload_notes, KA_MAX_WORKLOADS * sizeof(*w->note), failure);
	if (!arena_mem || !w->binding || !w->entered || !w->note)
		return -1;
	w->names_fd = d->loader->map[MAP_cgroup_names];
	w->ids_fd = d->loader->map[MAP_cgroup_ids];
	w->arena = &d->arena;
	arena_init(&d->arena, arena_mem, d->loader->map_size[MAP_arena] - KA_ARENA_GUARD);
	workloads_adopt(w);

	for (int r = 0; r < KA_RING_COUNT; r++) {
		err = ring_open(&d->ring[r], d->loader->map[ring_maps[r]], d->loader->map_size[ring_maps[r]]);
		if (err)
			return failed(failure, EXIT_PINS, err, "ring %d: cannot be mapped", r);
	}
	err = grace_open(&d->grace);
	if (err)
		return failed(failure, EXIT_KERNEL, err, "the kernel makes no map of maps");
	frame_in_init(&d->in, KA_FRAME_MAX);
	if (frame_queue_init(&d->out.answers, ANSWERS_ROOM) || frame_queue_init(&d->out.events, EVENTS_ROOM))
		return failed(failure, EXIT_INTERNAL, -ENOMEM, "out of memory");
	return 0;
}

static void close_state(struct daemon *d)
{
	for (int r = 0; r < KA_RING_COUNT; r++)
		ring_close(&d->ring[r]);
	for (int i = 0; i < MAP_COUNT; i++)
		if (d->mapped[i])
			munmap(d->mapped[i], d->mapped_len[i]);
	grace_close(&d->grace);
	arena_free(&d->arena);
	frame_in_free(&d->in);
	frame_queue_free(&d->out.answers);
	frame_queue_free(&d->out.events);
	free(d->workloads);
}

static void read_cursors(int fd, __u64 *ret_values)
{
	for (__u32 r = 0; r < KA_RING_COUNT; r++)
		if (bpf_map_lookup_elem(fd, &r, &ret_values[r]))
			ret_values[r] = 0;
}

/* Map ids are not given out again (kernel/bpf/syscall.c, bpf_map_alloc_id): maps that were loaded anew have others. */
static __u32 map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

static __u64 read_counter(int fd, __u32 counter, __u64 *per_cpu, int cpus)
{
	__u64 sum = 0;

	if (bpf_map_lookup_elem(fd, &counter, per_cpu))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += per_cpu[cpu];
	return sum;
}

/* ---- answers ---- */

static void answer(struct daemon *d, __u64 seq, enum ka_code code, int err, const char *detail)
{
	struct ka_frame_ack ack = { .header = header_of(sizeof(ack), KA_FRAME_ACK, seq), .code = code, .error = err };

	if (detail)
		strncpy(ack.detail, detail, sizeof(ack.detail) - 1);
	frame_queue_put(&d->out.answers, &ack, sizeof(ack), NULL, 0);
}

static void answer_stats(struct daemon *d, __u64 seq)
{
	struct ka_frame_stats stats = {
		.header = header_of(sizeof(stats), KA_FRAME_STATS, seq),
		.arena_used = d->arena.used,
		.arena_size = d->arena.size,
		.plan_count = d->arena.count,
		.workload_count = d->workloads->count,
	};
	int cpus = libbpf_num_possible_cpus();
	__u64 *per_cpu = cpus > 0 ? calloc(cpus, sizeof(*per_cpu)) : NULL;

	if (!per_cpu) {
		answer(d, seq, KA_CODE_KERNEL, -ENOMEM, "counters");
		return;
	}
	for (__u32 c = 0; c < KA_COUNTER_COUNT; c++)
		stats.counter[c] = read_counter(d->loader->map[MAP_counters], c, per_cpu, cpus);
	free(per_cpu);
	read_cursors(d->loader->map[MAP_seq], stats.produced);
	frame_queue_put(&d->out.answers, &stats, sizeof(stats), NULL, 0);
}

/* ---- commands ---- */

/* Frees what no workload uses any more, once no program can still be walking it. */
static int reclaim(struct daemon *d, bool fresh_too)
{
	int err = grace_wait(&d->grace);

	if (!err)
		arena_sweep(&d->arena, fresh_too);
	return err;
}

static void put_plan(struct daemon *d, const struct ka_frame_plan_put *put, __u64 seq, size_t len)
{
	const char *why;
	int err = arena_put(&d->arena, put->content_hash, put + 1, len, &why);

	for (int fresh_too = 0; err == -ENOSPC && fresh_too < 2; fresh_too++) {
		if (reclaim(d, fresh_too))
			break;
		err = arena_put(&d->arena, put->content_hash, put + 1, len, &why);
	}
	if (err == -EINVAL)
		answer(d, seq, KA_CODE_PLAN_INVALID, err, why);
	else if (err == -ENOSPC)
		answer(d, seq, KA_CODE_ARENA_FULL, err, NULL);
	else
		answer(d, seq, err ? KA_CODE_KERNEL : KA_CODE_OK, err, NULL);
}

static struct ka_events_taken read_taken(struct daemon *d, __u32 ring)
{
	struct ka_events_taken kept;

	return bpf_map_lookup_elem(d->loader->map[MAP_events_taken], &ring, &kept) ? (struct ka_events_taken){ 0 } : kept;
}

static void take_events(struct daemon *d, const struct ka_frame_events_taken *frame, __u64 seq)
{
	int err = 0;

	for (__u32 r = 0; r < KA_RING_COUNT && !err; r++) {
		struct ka_events_taken kept = read_taken(d, r), next = { frame->taken[r], frame->open[r] };

		if (taken_advances(&kept, &next) && bpf_map_update_elem(d->loader->map[MAP_events_taken], &r, &next, BPF_ANY))
			err = -errno;
	}
	answer(d, seq, err ? KA_CODE_KERNEL : KA_CODE_OK, err, err ? "events_taken" : NULL);
}

static void sync_session(struct daemon *d, __u64 seq)
{
	int err = workloads_synced(d->workloads);

	if (!err)
		err = reclaim(d, true);
	if (!err)
		loader_finish_upgrade(d->loader);
	answer(d, seq, err ? KA_CODE_KERNEL : KA_CODE_OK, err, NULL);
}

static void obey(struct daemon *d, const struct ka_header *frame)
{
	__u64 seq = frame->seq;
	enum ka_code code = KA_CODE_OK;
	const char *detail = NULL;
	int err = 0;

	switch (frame->kind) {
	case KA_FRAME_PLAN_PUT:
		put_plan(d, (const void *)frame, seq, frame->size - sizeof(struct ka_frame_plan_put));
		return;
	case KA_FRAME_EVENTS_TAKEN:
		take_events(d, (const void *)frame, seq);
		return;
	case KA_FRAME_SYNCED:
		sync_session(d, seq);
		return;
	case KA_FRAME_STATS_GET:
		answer_stats(d, seq);
		return;
	case KA_FRAME_WORKLOAD_SET:
		code = workloads_set(d->workloads, (const void *)frame);
		break;
	case KA_FRAME_WORKLOAD_DROP:
		code = workloads_drop(d->workloads, ((const struct ka_frame_workload_drop *)frame)->workload, &err);
		break;
	case KA_FRAME_CGROUP_NAME: {
		const struct ka_frame_cgroup_name *bound = (const void *)frame;

		code = workloads_bind_name(d->workloads, bound->workload, bound->name, &err);
		detail = err ? "cgroup_names" : NULL;
		break;
	}
	case KA_FRAME_CGROUP_ID: {
		const struct ka_frame_cgroup_id *bound = (const void *)frame;

		code = workloads_bind_id(d->workloads, bound->workload, bound->cgroup_id, &err);
		detail = err ? "cgroup_ids" : NULL;
		if (code == KA_CODE_OK) {
			err = loader_visit_tasks(d->loader);
			code = err ? KA_CODE_KERNEL : KA_CODE_OK;
			detail = err ? "task iterator" : NULL;
		}
		break;
	}
	default:
		code = KA_CODE_FRAME_UNKNOWN;
	}
	answer(d, seq, code, err, detail);
}

/* Obeys every complete command that leaves room for its answer. */
static int obey_all(struct daemon *d, struct failure *failure)
{
	const struct ka_header *frame;
	struct ka_header header;
	enum ka_code code;
	int state = 0;

	while (frame_queue_room(&d->out.answers) >= ANSWER_MAX && (state = frame_in_next(&d->in, &frame, &header, &code)) == 1) {
		if (code == KA_CODE_OK)
			obey(d, frame);
		else
			answer(d, header.seq, code, 0, NULL);
	}
	if (state == -EPROTO)
		return failed(failure, EXIT_PROTOCOL, state, "a frame is shorter than its header");
	if (state < 0)
		return failed(failure, EXIT_INTERNAL, state, "out of memory for a frame");
	/* One grace period for all the plans that this batch has replaced. A failure leaves them for the next batch. */
	if (d->arena.retired)
		reclaim(d, false);
	return 0;
}

/* ---- events ---- */

static void pass_events(struct daemon *d)
{
	for (int r = 0; r < KA_RING_COUNT; r++) {
		const void *record;
		__u32 len;

		while ((record = ring_peek(&d->ring[r], &len))) {
			struct ka_header head = header_of(sizeof(head) + len, KA_FRAME_EVENT, r);

			if (!frame_queue_put(&d->out.events, &head, sizeof(head), record, len))
				return;
			ring_take(&d->ring[r]);
		}
	}
}

static bool can_pass_events(const struct daemon *d)
{
	/* Room for the largest record: a full set of texts. */
	return frame_queue_room(&d->out.events) >= sizeof(struct ka_event_access) + 6 * KA_PATH_MAX + sizeof(struct ka_header);
}

/* ---- the session ---- */

/* Greets, waiting for an agent that reads slowly. 0, 1 when told to stop, negative errno when the agent is gone. */
static int say(struct daemon *d, const void *frame, size_t len)
{
	while (!frame_queue_put(&d->out.answers, frame, len, NULL, 0)) {
		struct pollfd fds[] = { { .fd = d->stop_fd, .events = POLLIN }, { .fd = d->out_fd, .events = POLLOUT } };
		int err;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return 1;
		err = frame_out_flush(&d->out, d->out_fd);
		if (err)
			return err;
	}
	return 0;
}

static int greet(struct daemon *d)
{
	struct ka_frame_hello hello = {
		.header = header_of(sizeof(hello), KA_FRAME_HELLO, 0),
		.hooks = d->loader->hooks,
		.arena_size = d->arena.size,
		.adopted = d->loader->adopted,
		.workload_count = d->workloads->count,
	};
	struct ka_header ready = header_of(sizeof(ready), KA_FRAME_READY, 0);
	struct utsname kernel;
	int stop;

	/* The count first: a record that comes between waits without being counted, which does no harm. */
	read_cursors(d->loader->map[MAP_seq], hello.produced);
	hello.numbering = map_id(d->loader->map[MAP_seq]);
	for (__u32 r = 0; r < KA_RING_COUNT; r++) {
		struct ka_events_taken kept = read_taken(d, r);

		hello.taken[r] = kept.taken;
		hello.open[r] = kept.open;
		hello.waiting[r] = ring_waiting(&d->ring[r], ~0ULL);
	}
	memcpy(hello.build, loader_build, sizeof(hello.build));
	if (uname(&kernel) == 0)
		strncpy(hello.kernel, kernel.release, sizeof(hello.kernel) - 1);
	stop = say(d, &hello, sizeof(hello));
	for (__u32 w = 0; w < KA_MAX_WORKLOADS && !stop; w++) {
		struct ka_frame_workload frame = { .header = header_of(sizeof(frame), KA_FRAME_WORKLOAD, 0) };

		if (!workloads_used(d->workloads, w))
			continue;
		workloads_describe(d->workloads, w, &frame);
		stop = say(d, &frame, sizeof(frame));
	}
	return stop ? stop : say(d, &ready, sizeof(ready));
}

enum { POLL_STOP, POLL_IN, POLL_OUT, POLL_RING, POLL_COUNT = POLL_RING + KA_RING_COUNT };

/* 0 = go on, 1 = stop cleanly, negative = failure filled. */
static int turn(struct daemon *d, struct failure *failure)
{
	bool takes_commands = frame_queue_room(&d->out.answers) >= ANSWER_MAX;
	bool has_output = frame_queue_pending(&d->out.answers) || frame_queue_pending(&d->out.events);
	struct pollfd fds[POLL_COUNT] = {
		[POLL_STOP] = { .fd = d->stop_fd, .events = POLLIN },
		[POLL_IN] = { .fd = d->in_fd, .events = takes_commands ? POLLIN : 0 },
		[POLL_OUT] = { .fd = d->out_fd, .events = has_output ? POLLOUT : 0 },
	};
	int err;

	for (int r = 0; r < KA_RING_COUNT; r++)
		fds[POLL_RING + r] = (struct pollfd){ .fd = can_pass_events(d) ? d->loader->map[ring_maps[r]] : -1, .events = POLLIN };
	if (poll(fds, POLL_COUNT, -1) < 0)
		return errno == EINTR ? 0 : failed(failure, EXIT_INTERNAL, -errno, "poll");
	if (fds[POLL_STOP].revents || (fds[POLL_OUT].revents & (POLLERR | POLLHUP)))
		return 1;
	if (fds[POLL_IN].revents & POLLIN) {
		long n = frame_in_fill(&d->in, d->in_fd);

		if (n == 0)
			return 1;
		if (n < 0 && n != -EAGAIN)
			return n == -ECONNRESET ? 1 : failed(failure, EXIT_INTERNAL, n, "commands cannot be read");
	} else if (fds[POLL_IN].revents & (POLLERR | POLLHUP)) {
		return 1;
	}
	err = obey_all(d, failure);
	if (err)
		return err;
	pass_events(d);
	err = frame_out_flush(&d->out, d->out_fd);
	if (err == -EPIPE || err == -ECONNRESET)
		return 1;
	return err ? failed(failure, EXIT_INTERNAL, err, "frames cannot be written") : 0;
}

/* What an agent said before it died counts, above all which events it had written. Nobody waits for the answers. */
static void obey_last_words(struct daemon *d)
{
	struct pollfd fd = { .fd = d->in_fd, .events = POLLIN };
	struct failure unheard;
	long n;

	if (poll(&fd, 1, 0) <= 0 || !(fd.revents & (POLLHUP | POLLERR)))
		return;
	do {
		n = frame_in_fill(&d->in, d->in_fd);
		do {
			frame_queue_clear(&d->out.answers);
			if (obey_all(d, &unheard))
				return;
		} while (frame_queue_room(&d->out.answers) < ANSWER_MAX);
	} while (n > 0);
}

int daemon_serve(struct loader *loader, int in_fd, int out_fd, int stop_fd, struct failure *failure)
{
	struct daemon d = { .loader = loader, .in_fd = in_fd, .out_fd = out_fd, .stop_fd = stop_fd, .grace = { -1, -1 } };
	int state;

	d.workloads = calloc(1, sizeof(*d.workloads));
	if (!d.workloads)
		return failed(failure, EXIT_INTERNAL, -ENOMEM, "out of memory");
	fcntl(in_fd, F_SETFL, fcntl(in_fd, F_GETFL) | O_NONBLOCK);
	fcntl(out_fd, F_SETFL, fcntl(out_fd, F_GETFL) | O_NONBLOCK);
	/* Fails on a pipe, which is small enough anyway. */
	(void)setsockopt(out_fd, SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_ROOM }, sizeof(int));

	state = open_state(&d, failure);
	if (!state)
		state = greet(&d) ? 1 : 0;
	while (!state)
		state = turn(&d, failure);
	if (state == 1)
		obey_last_words(&d);
	close_state(&d);
	return state < 0 ? state : 0;
}
