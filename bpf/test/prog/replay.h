/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_TEST_REPLAY_H
#define KA_TEST_REPLAY_H

/* One access as replay.c puts it and replay.bpf.c answers it. Needs the fixed-width types and abi/limits.h before it. */

/* As lib/path.bpf.h lays out a path: the text ends here, its NUL included. */
#define REPLAY_TEXT_END (8 + KA_PATH_MAX)
#define REPLAY_TEXT_ROOM (REPLAY_TEXT_END + 1)

struct replay_access {
	__u32 plan; /* in the arena */
	__u32 cls;
	__u32 write;
	__u32 owner_uid;
	__u32 path_at;   /* where the path starts in its text */
	__u32 source_at; /* the same of the caller's program; 0 = not asked about */
	__u32 args_count; /* 0 = not asked about */
	__u32 pad;
	__u64 args_at; /* in the asking process: arguments, a NUL after each */

	/* The answer. */
	__u32 is_denied;
	__u32 due_verdict; /* of the record that would be sent, 0 = none */
	__u32 due_cell;
	__u32 due_options;
	__u32 decide;
	__u32 args_rule;

	char path[REPLAY_TEXT_ROOM];
	char source[REPLAY_TEXT_ROOM];
};

#endif
