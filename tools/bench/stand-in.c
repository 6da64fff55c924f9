/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands where the enforcer stands, without a kernel: obeys every command and, on SIGUSR1, gives out records of a
 * blocked open as fast as told. What it cannot pass on waits in a ring of the real one's size; what finds that full is
 * numbered and lost, as in the kernel.
 *
 * Environment: KA_BENCH_PID_FILE, KA_BENCH_RECORDS, KA_BENCH_RATE (records a second; 0: as fast as they are read, none
 * lost). Ends with its commands.
 */
#include <linux/types.h>

#include "event.h"
#include "frame.h"
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS 3
#define FRAMES 4
#define RING_BYTES (8u << 20)
#define OUT_BYTES (256u << 10)

static volatile sig_atomic_t triggered;

static char in[KA_FRAME_MAX];
static size_t in_len;
static char out[OUT_BYTES];
static size_t out_start, out_end;
static __u64 produced;
static __u32 revision;

static void trigger(int number)
{
	(void)number;
	triggered = 1;
}

static __u64 now_ns(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000ULL + at.tv_nsec;
}

static size_t out_room(void)
{
	if (out_start == out_end)
		out_start = out_end = 0;
	else if (out_start > OUT_BYTES / 2) {
		memmove(out, out + out_start, out_end - out_start);
		out_end -= out_start;
		out_start = 0;
	}
	return OUT_BYTES - out_end;
}

static void say(const void *bytes, size_t len)
{
	if (out_room() < len)
		exit(70);
	memcpy(out + out_end, bytes, len);
	out_end += len;
}

static struct ka_header header(size_t size, __u16 kind, __u64 seq)
{
	return (struct ka_header){ .size = size, .kind = kind, .abi_version = KA_ABI_VERSION, .seq = seq };
}

static void greet(void)
{
	struct ka_frame_hello hello = { .header = header(sizeof(hello), KA_FRAME_HELLO, 0) };
	struct ka_header ready = header(sizeof(ready), KA_FRAME_READY, 0);

	hello.hooks = (1ULL << KA_HOOK_COUNT) - 2;
	hello.arena_size = 32 << 20;
	strcpy(hello.kernel, "stand-in");
	say(&hello, sizeof(hello));
	say(&ready, sizeof(ready));
}

static void obey(const struct ka_header *frame)
{
	if (frame->kind == KA_FRAME_STATS_GET) {
		struct ka_frame_stats stats = { .header = header(sizeof(stats), KA_FRAME_STATS, frame->seq) };

		stats.produced[KA_RING_ALERTS] = produced;
		say(&stats, sizeof(stats));
		return;
	}
	if (frame->kind == KA_FRAME_WORKLOAD_SET) {
		const struct ka_frame_workload_set *set = (const void *)frame;

		if (set->workload == KA_HOST_WORKLOAD)
			revision = set->revision;
	}

	struct ka_frame_ack ack = { .header = header(sizeof(ack), KA_FRAME_ACK, frame->seq), .code = KA_CODE_OK };

	say(&ack, sizeof(ack));
}

static void read_commands(void)
{
	ssize_t n = read(COMMANDS, in + in_len, sizeof(in) - in_len);
	size_t at = 0;

	if (n == 0)
		exit(0);
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return;
		exit(71);
	}
	in_len += n;
	while (in_len - at >= sizeof(struct ka_header)) {
		const struct ka_header *frame = (const void *)(in + at);

		if (frame->size < sizeof(*frame) || frame->size > sizeof(in))
			exit(72);
		if (in_len - at < frame->size || out_room() < 4096)
			break;
		obey(frame);
		at += frame->size;
	}
	memmove(in, in + at, in_len - at);
	in_len -= at;
}

/* One record in its frame; the text of a container's `cat` that may not read a 50-byte path. */
static size_t make_event(char *place)
{
	static const char object[] = "/usr/share/application/config/settings-secret.yaml", exe[] = "/usr/bin/cat",
			  parent[] = "/usr/bin/bash", cwd[] = "/srv/application",
			  cmdline[] = "cat\0/usr/share/application/config/settings-secret.yaml";
	struct ka_event_access event = {
		.args = { (__u64)-100, 0x7ffc00001000, 0 },
		.rule = 1,
		.host_pid = 4242,
		.host_ppid = 4200,
		.pid = 4242,
		.ppid = 4200,
		.syscall = 257,
		.count = 1,
		.cls = KA_CLASS_FILE,
		.verdict = KA_BLOCK,
		.hook = KA_HOOK_FILE_OPEN,
		.object_len = sizeof(object) - 1,
		.exe_len = sizeof(exe) - 1,
		.parent_exe_len = sizeof(parent) - 1,
		.cmdline_len = sizeof(cmdline),
		.cwd_len = sizeof(cwd) - 1,
		.comm = "cat",
	};
	struct {
		const char *text;
		size_t len;
	} texts[] = { { object, sizeof(object) - 1 }, { exe, sizeof(exe) - 1 }, { parent, sizeof(parent) - 1 },
		      { cmdline, sizeof(cmdline) },   { cwd, sizeof(cwd) - 1 } };
	size_t len = sizeof(struct ka_header) + sizeof(event);

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memcpy(place + len, texts[i].text, texts[i].len);
		len += texts[i].len;
	}
	event.header = header(len - sizeof(struct ka_header), KA_EVENT_ACCESS, 0);

	struct ka_header frame = header(len, KA_FRAME_EVENT, KA_RING_ALERTS);

	memcpy(place, &frame, sizeof(frame));
	memcpy(place + sizeof(frame), &event, sizeof(event));
	return len;
}

static __u64 number_of(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : 0;
}

int main(void)
{
	__u64 total = number_of("KA_BENCH_RECORDS"), rate = number_of("KA_BENCH_RATE");
	char frame[1024];
	size_t len = make_event(frame);
	/* Numbers of the records that wait, as the kernel's ring would hold them: with a header of 8 bytes each. */
	size_t capacity = RING_BYTES / (((len - sizeof(struct ka_header) + 7) & ~7UL) + 8), waiting = 0, head = 0;
	__u64 *ring = calloc(capacity, sizeof(*ring));
	struct ka_event_access *event = (void *)(frame + sizeof(struct ka_header));
	const char *pid_file = getenv("KA_BENCH_PID_FILE");
	__u64 start = 0;

	if (pid_file) {
		FILE *file = fopen(pid_file, "w");

		if (!file || !ring)
			return 73;
		fprintf(file, "%d", getpid());
		fclose(file);
	}
	signal(SIGUSR1, trigger);
	signal(SIGPIPE, SIG_IGN);
	fcntl(FRAMES, F_SETFL, fcntl(FRAMES, F_GETFL) | O_NONBLOCK);
	fcntl(COMMANDS, F_SETFL, fcntl(COMMANDS, F_GETFL) | O_NONBLOCK);
	greet();
	for (;;) {
		bool is_running;

		if (triggered && !start)
			start = now_ns(CLOCK_MONOTONIC);
		is_running = start && (produced < total || waiting);
		if (is_running) {
			__u64 due = total;

			if (rate) {
				due = (now_ns(CLOCK_MONOTONIC) - start) * (double)rate / 1e9;
				due = due < total ? due : total;
			}
			while (produced < due && (waiting < capacity || rate)) {
				produced++;
				if (waiting == capacity)
					continue;
				ring[(head + waiting++) % capacity] = produced;
			}
			/* Room is kept for answers. */
			while (waiting && out_room() > len + 8192) {
				event->header.seq = ring[head];
				event->boot_ns = now_ns(CLOCK_BOOTTIME);
				event->revision = revision;
				say(frame, len);
				head = (head + 1) % capacity;
				waiting--;
			}
		}

		struct pollfd fds[2] = { { .fd = COMMANDS, .events = POLLIN },
					 { .fd = FRAMES, .events = out_end > out_start ? POLLOUT : 0 } };
		int wait_ms = is_running && rate && !waiting ? 1 : 100;

		if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
			return 74;
		if (fds[1].revents & POLLOUT) {
			ssize_t n = write(FRAMES, out + out_start, out_end - out_start);

			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return 0;
			if (n > 0)
				out_start += n;
		}
		if (fds[0].revents)
			read_commands();
	}
}
