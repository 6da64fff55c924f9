/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_FRAME_IO_H
#define KA_FRAME_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "../abi/frame.h"

/*
 * Frames in: bytes arrive cut anywhere; a frame is handed out when it is complete. A frame over the bound is skipped
 * without being stored. The buffer grows to the frame at hand and shrinks again behind it.
 */
struct frame_in {
	char *buf;
	size_t room;
	size_t start; /* of the next frame */
	size_t end;   /* of what was read */
	__u64 skip;
	__u32 max;
};

void frame_in_init(struct frame_in *in, __u32 max);
void frame_in_free(struct frame_in *in);

/* One read(2). Bytes read, 0 at the end of the stream, negative errno. */
long frame_in_fill(struct frame_in *in, int fd);

/*
 * 1 with the next frame; 0 when more bytes are needed; -EPROTO when a length is broken and nothing after it can be
 * trusted; -ENOMEM. With 1, *ret_code says whether the frame may be used: anything but KA_CODE_OK means that only
 * kind and seq of *ret_header are of use. *ret_frame is 8-byte aligned and valid until the next call.
 */
int frame_in_next(struct frame_in *in, const struct ka_header **ret_frame, struct ka_header *ret_header, enum ka_code *ret_code);

/* Smallest size of a command of this kind, 0 if it is none. */
__u32 frame_command_size(__u32 kind);

/*
 * Frames out: two bounded queues in front of a descriptor that does not block. Answers overtake events that wait, but
 * never cut a frame in two.
 */
struct frame_queue {
	char *buf;
	size_t room;
	size_t start;
	size_t end;
};

struct frame_out {
	struct frame_queue answers;
	struct frame_queue events;
	struct frame_queue *cut; /* whose first frame is sent in part */
	size_t cut_left;	 /* bytes of that frame still to go */
};

int frame_queue_init(struct frame_queue *queue, size_t room);
void frame_queue_free(struct frame_queue *queue);
void frame_queue_clear(struct frame_queue *queue);
size_t frame_queue_pending(const struct frame_queue *queue);
size_t frame_queue_room(const struct frame_queue *queue);

/* Appends one frame, all or nothing; false when there is no room. */
bool frame_queue_put(struct frame_queue *queue, const void *head, size_t head_len, const void *body, size_t body_len);

/* Writes until all is written or the descriptor would block. 0 or negative errno. */
int frame_out_flush(struct frame_out *out, int fd);

const char *frame_code_text(enum ka_code code);

#endif
