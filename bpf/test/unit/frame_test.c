/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <linux/types.h>

#include "check.h"
#include "sample_plan.h"
#include "../../enforcer/arena.h"
#include "../../enforcer/frame.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct feed {
	int pipe[2];
	struct frame_in in;
};

static void feed_open(struct feed *feed, __u32 max)
{
	CHECK(pipe2(feed->pipe, O_NONBLOCK) == 0);
	frame_in_init(&feed->in, max);
}

static void feed_close(struct feed *feed)
{
	frame_in_free(&feed->in);
	close(feed->pipe[0]);
	close(feed->pipe[1]);
}

static int next(struct feed *feed, struct ka_header *header, enum ka_code *code, const struct ka_header **frame)
{
	return frame_in_next(&feed->in, frame, header, code);
}

static void garbage(int rounds)
{
	unsigned long long seed = 99;

	for (int round = 0; round < rounds; round++) {
		struct feed feed;
		const struct ka_header *frame;
		struct ka_header header;
		enum ka_code code;
		int state = 0;

		feed_open(&feed, 4096);
		for (int piece = 0; piece < 20 && state >= 0; piece++) {
			char bytes[64];
			size_t len = 1 + random_next(&seed) % sizeof(bytes);
			struct ka_header *h = (void *)bytes;

			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = random_next(&seed);
			if (random_next(&seed) % 2) {
				h->size = random_next(&seed) % 8192;
				h->kind = random_next(&seed) % 64;
				h->abi_version = KA_ABI_VERSION;
			}
			CHECK(write(feed.pipe[1], bytes, len) == (ssize_t)len);
			CHECK(frame_in_fill(&feed.in, feed.pipe[0]) == (long)len);
			while ((state = next(&feed, &header, &code, &frame)) == 1) {
				if (code != KA_CODE_OK)
					continue;
				CHECK(header.size >= frame_command_size(header.kind) && header.size <= 4096);
				CHECK((unsigned long)frame % 8 == 0);
				/* Touch all of it, so that the sanitizer sees a frame that is not there. */
				unsigned char sum = 0;

				for (__u32 i = 0; i < header.size; i++)
					sum += ((const unsigned char *)frame)[i];
				(void)sum;
			}
			CHECK(state == 0 || state == -EPROTO);
		}
		feed_close(&feed);
	}
}

/* A slow reader on a small pipe: every frame must come out whole, answers and events each in their order. */
static void overtake(void)
{
	enum { EVENT = 4000, EVENTS = 40, ANSWERS = 30 };
	static char body[EVENT];
	struct frame_out out = { 0 };
	struct frame_in in;
	__u64 events = 0, answers = 0, passed_by = 0;
	int ends[2];

	CHECK(pipe2(ends, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	CHECK(frame_queue_init(&out.answers, 1 << 16) == 0 && frame_queue_init(&out.events, 1 << 20) == 0);
	frame_in_init(&in, KA_FRAME_MAX);
	for (__u64 i = 0; i < EVENTS; i++) {
		struct ka_header head = { .size = sizeof(head) + EVENT, .kind = KA_FRAME_PLAN_PUT, .abi_version = KA_ABI_VERSION, .seq = i };

		CHECK(frame_queue_put(&out.events, &head, sizeof(head), body, EVENT));
	}
	for (__u64 i = 0; i < ANSWERS || events < EVENTS;) {
		struct ka_header head = { .size = sizeof(head), .kind = KA_FRAME_SYNCED, .abi_version = KA_ABI_VERSION, .seq = i };
		const struct ka_header *frame;
		struct ka_header header;
		enum ka_code code;

		CHECK(frame_out_flush(&out, ends[1]) == 0);
		if (i < ANSWERS && frame_queue_put(&out.answers, &head, sizeof(head), NULL, 0))
			i++;
		frame_in_fill(&in, ends[0]);
		while (frame_in_next(&in, &frame, &header, &code) == 1) {
			CHECK(code == KA_CODE_OK);
			if (header.kind == KA_FRAME_SYNCED) {
				CHECK(header.seq == answers++);
				passed_by += events < EVENTS;
			} else {
				CHECK(header.size == sizeof(header) + EVENT && header.seq == events++);
			}
		}
	}
	CHECK(passed_by > ANSWERS / 2);
	frame_in_free(&in);
	frame_queue_free(&out.answers);
	frame_queue_free(&out.events);
	close(ends[0]);
	close(ends[1]);
}

/* Frames that the TypeScript encoders wrote, one file each, named by what they must come out as. */
static void read_vectors(const char *dir)
{
	struct arena arena;
	char *mem = aligned_alloc(64, 1 << 20);
	int seen = 0;
	DIR *list = opendir(dir);

	CHECK(list);
	arena_init(&arena, mem, 1 << 20);
	for (struct dirent *entry; (entry = readdir(list));) {
		const struct ka_header *frame;
		struct ka_header header;
		enum ka_code code;
		struct frame_in in;
		char path[512];
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		fd = open(path, O_RDONLY);
		CHECK(fd >= 0);
		frame_in_init(&in, KA_FRAME_MAX);
		CHECK(frame_in_fill(&in, fd) > 0);
		CHECK(frame_in_next(&in, &frame, &header, &code) == 1 && code == KA_CODE_OK);
		CHECK(header.seq == 0x0102030405060708ULL);
		if (!strcmp(entry->d_name, "plan-put.bin")) {
			const struct ka_frame_plan_put *put = (const void *)frame;
			const char *why;

			CHECK(put->content_hash == 0x8000000000000001ULL);
			CHECK(arena_put(&arena, put->content_hash, put + 1, header.size - sizeof(*put), &why) == 0);
		} else if (!strcmp(entry->d_name, "workload-set.bin")) {
			const struct ka_frame_workload_set *set = (const void *)frame;

			CHECK(set->content_hash == 0x8000000000000001ULL && set->workload == 3 && set->revision == 4);
			CHECK(!strcmp(set->key, "container-key"));
		} else if (!strcmp(entry->d_name, "workload-drop.bin")) {
			CHECK(((const struct ka_frame_workload_drop *)frame)->workload == 16383);
		} else if (!strcmp(entry->d_name, "cgroup-name.bin")) {
			const struct ka_frame_cgroup_name *name = (const void *)frame;

			CHECK(name->workload == 5 && !strcmp(name->name, "cri-containerd-abc.scope"));
		} else if (!strcmp(entry->d_name, "cgroup-id.bin")) {
			const struct ka_frame_cgroup_id *id = (const void *)frame;

			CHECK(id->cgroup_id == 0xfedcba9876543210ULL && id->workload == 6);
		} else if (!strcmp(entry->d_name, "events-taken.bin")) {
			const struct ka_frame_events_taken *taken = (const void *)frame;

			CHECK(taken->taken[KA_RING_ALERTS] == 10 && taken->taken[KA_RING_TELEMETRY] == 0xffffffffffULL);
			CHECK(taken->open[KA_RING_ALERTS] == 3 && taken->open[KA_RING_TELEMETRY] == 0xfffffffffULL);
		} else {
			CHECK(!strcmp(entry->d_name, "synced.bin") || !strcmp(entry->d_name, "stats-get.bin"));
		}
		seen++;
		frame_in_free(&in);
		close(fd);
	}
	closedir(list);
	CHECK(seen == 8);
	arena_free(&arena);
	free(mem);
}

int main(int argc, char **argv)
{
	const struct ka_header *frame;
	struct ka_header header;
	enum ka_code code;
	struct feed feed;

	TEST("a frame comes out whole when it arrives byte by byte") {
		struct ka_frame_workload_drop drop = {
			.header = { .size = sizeof(drop), .kind = KA_FRAME_WORKLOAD_DROP, .abi_version = KA_ABI_VERSION, .seq = 9 },
			.workload = 3,
		};

		feed_open(&feed, KA_FRAME_MAX);
		for (size_t i = 0; i < sizeof(drop); i++) {
			CHECK(next(&feed, &header, &code, &frame) == 0);
			CHECK(write(feed.pipe[1], (char *)&drop + i, 1) == 1 && frame_in_fill(&feed.in, feed.pipe[0]) == 1);
		}
		CHECK(next(&feed, &header, &code, &frame) == 1 && code == KA_CODE_OK && header.seq == 9);
		CHECK(((const struct ka_frame_workload_drop *)frame)->workload == 3);
		CHECK(next(&feed, &header, &code, &frame) == 0);
		feed_close(&feed);
	}
	TEST("a frame of another version, an unknown one and a short one are named, and the next is read") {
		struct ka_header bad[4] = {
			{ .size = 16, .kind = KA_FRAME_SYNCED, .abi_version = KA_ABI_VERSION + 1, .seq = 1 },
			{ .size = 16, .kind = 999, .abi_version = KA_ABI_VERSION, .seq = 2 },
			{ .size = 16, .kind = KA_FRAME_CGROUP_ID, .abi_version = KA_ABI_VERSION, .seq = 3 },
			{ .size = 16, .kind = KA_FRAME_SYNCED, .abi_version = KA_ABI_VERSION, .seq = 4 },
		};
		const enum ka_code want[4] = { KA_CODE_ABI_MISMATCH, KA_CODE_FRAME_UNKNOWN, KA_CODE_FRAME_TRUNCATED, KA_CODE_OK };

		feed_open(&feed, KA_FRAME_MAX);
		CHECK(write(feed.pipe[1], bad, sizeof(bad)) == sizeof(bad));
		CHECK(frame_in_fill(&feed.in, feed.pipe[0]) == sizeof(bad));
		for (int i = 0; i < 4; i++)
			CHECK(next(&feed, &header, &code, &frame) == 1 && code == want[i] && header.seq == (__u64)i + 1);
		feed_close(&feed);
	}
	TEST("a frame over the bound is skipped without being stored") {
		struct ka_header big = { .size = 40000, .kind = KA_FRAME_PLAN_PUT, .abi_version = KA_ABI_VERSION, .seq = 1 };
		struct ka_header after = { .size = 16, .kind = KA_FRAME_SYNCED, .abi_version = KA_ABI_VERSION, .seq = 2 };
		static char body[40000 - 16];

		feed_open(&feed, 1024);
		CHECK(write(feed.pipe[1], &big, sizeof(big)) == sizeof(big));
		CHECK(write(feed.pipe[1], body, sizeof(body)) == sizeof(body));
		CHECK(write(feed.pipe[1], &after, sizeof(after)) == sizeof(after));
		CHECK(frame_in_fill(&feed.in, feed.pipe[0]) > 0);
		CHECK(next(&feed, &header, &code, &frame) == 1 && code == KA_CODE_FRAME_TOO_LARGE && header.seq == 1);
		while (next(&feed, &header, &code, &frame) == 0)
			CHECK(frame_in_fill(&feed.in, feed.pipe[0]) > 0);
		CHECK(code == KA_CODE_OK && header.seq == 2 && feed.in.room <= 64 << 10);
		feed_close(&feed);
	}
	TEST("a length below a header ends the stream") {
		struct ka_header zero = { 0 };

		feed_open(&feed, KA_FRAME_MAX);
		CHECK(write(feed.pipe[1], &zero, sizeof(zero)) == sizeof(zero));
		CHECK(frame_in_fill(&feed.in, feed.pipe[0]) == sizeof(zero));
		CHECK(next(&feed, &header, &code, &frame) == -EPROTO);
		feed_close(&feed);
	}
	TEST("what does not fit a queue is refused whole") {
		struct frame_queue queue;
		char bytes[100] = { 0 };

		CHECK(frame_queue_init(&queue, 100) == 0);
		CHECK(frame_queue_put(&queue, bytes, 10, NULL, 0));
		CHECK(!frame_queue_put(&queue, bytes, 50, bytes, 41) && frame_queue_pending(&queue) == 10);
		CHECK(frame_queue_put(&queue, bytes, 50, bytes, 40) && frame_queue_room(&queue) == 0);
		frame_queue_free(&queue);
	}
	TEST("answers overtake events that wait, and no frame is cut in two")
		overtake();
	TEST("garbage in any pieces neither crashes the reader nor reads past a frame")
		garbage(5000);
	if (argc > 1)
		TEST("frames written by the TypeScript side mean the same here")
			read_vectors(argv[1]);
	return tests_done();
}
