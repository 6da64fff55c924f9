/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_ROOM (64u << 10)

__u32 frame_command_size(__u32 kind)
{
	switch (kind) {
	case KA_FRAME_PLAN_PUT:
		return sizeof(struct ka_frame_plan_put);
	case KA_FRAME_WORKLOAD_SET:
		return sizeof(struct ka_frame_workload_set);
	case KA_FRAME_WORKLOAD_DROP:
		return sizeof(struct ka_frame_workload_drop);
	case KA_FRAME_CGROUP_NAME:
		return sizeof(struct ka_frame_cgroup_name);
	case KA_FRAME_CGROUP_ID:
		return sizeof(struct ka_frame_cgroup_id);
	case KA_FRAME_EVENTS_TAKEN:
		return sizeof(struct ka_frame_events_taken);
	case KA_FRAME_SYNCED:
	case KA_FRAME_STATS_GET:
		return sizeof(struct ka_header);
	default:
		return 0;
	}
}

const char *frame_code_text(enum ka_code code)
{
#define CODE_TEXT(name, text) [KA_CODE_##name] = text,
	static const char *const texts[KA_CODE_COUNT] = { KA_CODES(CODE_TEXT) };
#undef CODE_TEXT

	return code < KA_CODE_COUNT ? texts[code] : "unknown code";
}

void frame_in_init(struct frame_in *in, __u32 max)
{
	*in = (struct frame_in){ .max = max };
}

void frame_in_free(struct frame_in *in)
{
	free(in->buf);
	in->buf = NULL;
}

static int resize(struct frame_in *in, size_t room)
{
	char *buf = realloc(in->buf, room);

	if (!buf)
		return -ENOMEM;
	in->buf = buf;
	in->room = room;
	return 0;
}

/* Moves what is left to the front, where alignment is malloc's. */
static void settle(struct frame_in *in)
{
	if (!in->start)
		return;
	memmove(in->buf, in->buf + in->start, in->end - in->start);
	in->end -= in->start;
	in->start = 0;
}

long frame_in_fill(struct frame_in *in, int fd)
{
	ssize_t n;
	int err;

	if (!in->buf) {
		err = resize(in, IN_ROOM);
		if (err)
			return err;
	}
	settle(in);
	do {
		n = read(fd, in->buf + in->end, in->room - in->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	in->end += n;
	return n;
}

static int judge(const struct ka_header *header)
{
	__u32 least = frame_command_size(header->kind);

	if (header->abi_version != KA_ABI_VERSION)
		return KA_CODE_ABI_MISMATCH;
	if (!least)
		return KA_CODE_FRAME_UNKNOWN;
	return header->size < least ? KA_CODE_FRAME_TRUNCATED : KA_CODE_OK;
}

int frame_in_next(struct frame_in *in, const struct ka_header **ret_frame, struct ka_header *ret_header, enum ka_code *ret_code)
{
	size_t have = in->end - in->start;
	int err;

	if (in->skip) {
		size_t skipped = in->skip < have ? in->skip : have;

		in->skip -= skipped;
		in->start += skipped;
		have -= skipped;
	}
	if (have < sizeof(*ret_header)) {
		settle(in);
		if (in->room > IN_ROOM)
			(void)resize(in, IN_ROOM); /* a failure to shrink keeps the larger buffer, which is as good */
		return 0;
	}
	memcpy(ret_header, in->buf + in->start, sizeof(*ret_header));
	if (ret_header->size < sizeof(*ret_header))
		return -EPROTO;
	if (ret_header->size > in->max) {
		*ret_code = KA_CODE_FRAME_TOO_LARGE;
		*ret_frame = NULL;
		in->skip = ret_header->size;
		return 1;
	}
	if (have < ret_header->size) {
		settle(in);
		if (in->room < ret_header->size) {
			err = resize(in, ret_header->size);
			if (err)
				return err;
		}
		return 0;
	}
	if (in->start % 8)
		settle(in);
	*ret_frame = (const void *)(in->buf + in->start);
	*ret_code = judge(ret_header);
	in->start += ret_header->size;
	return 1;
}

int frame_queue_init(struct frame_queue *queue, size_t room)
{
	*queue = (struct frame_queue){ .buf = malloc(room), .room = room };
	return queue->buf ? 0 : -ENOMEM;
}

void frame_queue_free(struct frame_queue *queue)
{
	free(queue->buf);
	queue->buf = NULL;
}

void frame_queue_clear(struct frame_queue *queue)
{
	queue->start = queue->end = 0;
}

size_t frame_queue_pending(const struct frame_queue *queue)
{
	return queue->end - queue->start;
}

size_t frame_queue_room(const struct frame_queue *queue)
{
	return queue->room - frame_queue_pending(queue);
}

bool frame_queue_put(struct frame_queue *queue, const void *head, size_t head_len, const void *body, size_t body_len)
{
	size_t len = head_len + body_len;

	if (frame_queue_room(queue) < len)
		return false;
	if (queue->room - queue->end < len) {
		memmove(queue->buf, queue->buf + queue->start, frame_queue_pending(queue));
		queue->end -= queue->start;
		queue->start = 0;
	}
	memcpy(queue->buf + queue->end, head, head_len);
	if (body_len)
		memcpy(queue->buf + queue->end + head_len, body, body_len);
	queue->end += len;
	return true;
}

/* Bytes of the first frame that a write of `written` bytes, which began with a whole frame, has cut; 0 if it cut none. */
static size_t left_of_cut(const struct frame_queue *queue, size_t written)
{
	size_t at = queue->start;
	size_t end = queue->start + written;
	struct ka_header header;

	while (at < end) {
		memcpy(&header, queue->buf + at, sizeof(header));
		at += header.size;
	}
	return at - end;
}

int frame_out_flush(struct frame_out *out, int fd)
{
	for (;;) {
		struct frame_queue *queue = out->cut ? out->cut : &out->answers;
		size_t len;
		ssize_t n;

		if (!frame_queue_pending(queue))
			queue = &out->events;
		len = out->cut ? out->cut_left : frame_queue_pending(queue);
		if (!len)
			return 0;
		n = write(fd, queue->buf + queue->start, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		out->cut_left = out->cut ? out->cut_left - n : left_of_cut(queue, n);
		out->cut = out->cut_left ? queue : NULL;
		queue->start += n;
		if (queue->start == queue->end)
			queue->start = queue->end = 0;
	}
}
