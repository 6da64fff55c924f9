/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_ABI_FRAME_H
#define KA_ABI_FRAME_H

#include "event.h"
#include "limits.h"

/*
 * Frames between agent and enforcer: commands on the enforcer's fd 3, answers and events on its fd 4. Each is a
 * struct ka_header (kind = enum ka_frame_kind, seq = request number chosen by the agent, echoed in the answer)
 * followed by its body. Events are struct ka_event_access as the kernel wrote them, wrapped in KA_FRAME_EVENT, whose
 * header.seq is the ring (enum ka_ring) the record came from; the record's own header.seq counts within that ring.
 * A frame larger than KA_FRAME_MAX, of unknown kind or another abi_version is answered with KA_FRAME_ACK and a
 * coded error and otherwise ignored; a broken length ends the connection.
 */

#define KA_FRAME_MAX (64u << 20)

enum ka_frame_kind {
	/* agent → enforcer */
	KA_FRAME_PLAN_PUT = 16,     /* struct ka_frame_plan_put, blob: copied into the arena unless the hash is known */
	KA_FRAME_WORKLOAD_SET = 17, /* binds a workload to a plan with one store: the policy change */
	KA_FRAME_WORKLOAD_DROP = 18,
	KA_FRAME_CGROUP_NAME = 19, /* the next cgroup directory of this name belongs to the workload */
	KA_FRAME_CGROUP_ID = 20,   /* this cgroup belongs to the workload; tasks already in it are labelled now */
	KA_FRAME_SYNCED = 21,      /* workloads not set since the hello are dropped */
	KA_FRAME_EVENTS_TAKEN = 22, /* which events are safe with the agent */
	KA_FRAME_STATS_GET = 23,
	/* enforcer → agent */
	KA_FRAME_HELLO = 48,
	KA_FRAME_WORKLOAD = 49, /* after hello, one per workload that the pinned maps still hold */
	KA_FRAME_ACK = 50,
	KA_FRAME_EVENT = 51,
	KA_FRAME_STATS = 52,
	KA_FRAME_READY = 53, /* after the workloads: events may follow */
};

/* Codes of struct ka_frame_ack. */
#define KA_CODES(X)                                                   \
	X(OK, "done")                                                 \
	X(FRAME_TOO_LARGE, "frame exceeds its bound")                 \
	X(FRAME_TRUNCATED, "frame is shorter than its body")          \
	X(FRAME_UNKNOWN, "frame kind is not known")                   \
	X(ABI_MISMATCH, "frame is of another ABI version")            \
	X(PLAN_INVALID, "plan tables do not hold together")           \
	X(PLAN_UNKNOWN, "workload names a plan that was never put")   \
	X(ARENA_FULL, "no room for the plan in the arena")            \
	X(WORKLOAD_UNKNOWN, "workload is not set")                    \
	X(WORKLOAD_RANGE, "workload number is out of range")          \
	X(NAME_INVALID, "name is empty or too long")                  \
	X(KERNEL, "a kernel call failed, see errno")

enum ka_code {
#define KA_CODE_ENUM(name, text) KA_CODE_##name,
	KA_CODES(KA_CODE_ENUM)
#undef KA_CODE_ENUM
	KA_CODE_COUNT,
};

struct ka_frame_plan_put {
	struct ka_header header;
	__u64 content_hash;
	/* blob follows */
};

struct ka_frame_workload_set {
	struct ka_header header;
	__u64 content_hash; /* 0 = no rules */
	__u32 workload;
	__u32 revision;
	char key[KA_WORKLOAD_KEY_LEN]; /* the agent's own name for it (container id), NUL-terminated; returned after a restart */
};

struct ka_frame_workload_drop {
	struct ka_header header;
	__u32 workload;
	__u32 pad;
};

struct ka_frame_cgroup_name {
	struct ka_header header;
	__u32 workload;
	__u32 pad;
	char name[KA_CGROUP_NAME_LEN]; /* last component of the cgroup path */
};

struct ka_frame_cgroup_id {
	struct ka_header header;
	__u64 cgroup_id; /* inode number of the cgroup2 directory */
	__u32 workload;
	__u32 pad;
};

/*
 * By enum ka_ring, as in struct ka_events_taken: kept in a pinned map and told in the next hello. What would go back
 * behind the pair that is kept changes nothing.
 */
struct ka_frame_events_taken {
	struct ka_header header;
	__u64 taken[KA_RING_COUNT]; /* the highest number that came or was told as lost */
	__u64 open[KA_RING_COUNT];  /* how many of the numbers up to it did neither yet */
};

struct ka_frame_hello {
	struct ka_header header;
	__u64 hooks; /* which this kernel really took, as bits 1 << enum ka_hook */
	__u64 numbering; /* another one than before: the rings count from 1 again */
	__u64 taken[KA_RING_COUNT]; /* of the last KA_FRAME_EVENTS_TAKEN */
	__u64 open[KA_RING_COUNT];
	__u64 produced[KA_RING_COUNT]; /* highest number given out so far, lost records included */
	__u64 waiting[KA_RING_COUNT]; /* records that the ring still holds and that will follow KA_FRAME_READY */
	__u64 arena_size;
	__u32 adopted; /* 1 = pinned programs and maps of this build were found in force and kept */
	__u32 workload_count;
	__u8 build[32]; /* SHA-256 of the kernel objects */
	char kernel[64];
};

struct ka_frame_workload {
	struct ka_header header;
	__u64 content_hash;
	__u32 workload;
	__u32 revision;
	char key[KA_WORKLOAD_KEY_LEN];
};

struct ka_frame_ack {
	struct ka_header header;
	__u32 code; /* enum ka_code */
	__s32 error; /* negative errno or 0 */
	char detail[KA_DETAIL_LEN]; /* which part was wrong, for the reader of the message */
};

struct ka_frame_stats {
	struct ka_header header;
	__u64 arena_used;
	__u64 arena_size;
	__u64 produced[KA_RING_COUNT]; /* as in the hello */
	__u32 plan_count;
	__u32 workload_count;
	__u64 counter[32]; /* by enum ka_counter */
};

_Static_assert(sizeof(struct ka_frame_plan_put) == 24, "ka_frame_plan_put");
_Static_assert(sizeof(struct ka_frame_workload_set) == 160, "ka_frame_workload_set");
_Static_assert(sizeof(struct ka_frame_cgroup_name) == 152, "ka_frame_cgroup_name");
_Static_assert(sizeof(struct ka_frame_cgroup_id) == 32, "ka_frame_cgroup_id");
_Static_assert(sizeof(struct ka_frame_events_taken) == 48, "ka_frame_events_taken");
_Static_assert(sizeof(struct ka_frame_hello) == 208, "ka_frame_hello");
_Static_assert(sizeof(struct ka_frame_workload) == 160, "ka_frame_workload");
_Static_assert(sizeof(struct ka_frame_ack) == 88, "ka_frame_ack");
_Static_assert(sizeof(struct ka_frame_stats) == 312, "ka_frame_stats");

#endif
