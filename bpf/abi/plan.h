/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_ABI_PLAN_H
#define KA_ABI_PLAN_H

#include "limits.h"

/*
 * An enforcement plan as the kernel walks it: automata over the bytes of an object's name, in one position-independent
 * blob. The name of a file or program is its path; of a capability, one byte: its number and KA_CAPABILITY_KEY; of a
 * socket, see enum ka_network_direction.
 *
 * Invariants
 *  1. Every offset is in bytes. In the blob it counts from the blob's start; the enforcer adds the arena position of
 *     the plan once, when it copies the blob into the arena (states and edges alone are patched, through the tables
 *     listed in the header). 0 always means "none" and is never patched.
 *  2. A state's offset is a multiple of 16, an edge's of 8, a row's of 64.
 *  3. Transition of state s on byte b: slot = s.base + 8 * b; if edge[slot].owner == s the next state is
 *     edge[slot].next, else s.fallback. s.base lies in the edge table such that slot never leaves it for any byte.
 *     A state with base 0 has no edges: fallback is taken for every byte.
 *  4. A state whose base is 0 and whose fallback is itself can be left no more: the walk may stop.
 *  5. Rule numbers rise with precedence: the highest `decide` among the rows met wins, so does the highest `audit`,
 *     by plain numeric comparison. Rule 0 is the default posture.
 *  6. Arguments have automata of their own, over the bytes of one argument: it is listed if the walk ends in a state
 *     with a row, whatever the row says.
 */

enum ka_class {
	KA_CLASS_EXEC = 0,
	KA_CLASS_FILE = 1,
	KA_CLASS_CAPABILITY = 2,
	KA_CLASS_NETWORK = 3,
	KA_CLASS_COUNT = 4,
};

/* No byte of a name is NUL. */
#define KA_CAPABILITY_KEY 1

/*
 * The name of a socket, in ASCII. Four letters: one of these; the family: '4' (of the address too: an IPv4 address that
 * an IPv6 socket maps is '4'), '6', 'u' AF_UNIX, 'n' AF_NETLINK, 'p' AF_PACKET, 'o' any other; the type: s stream,
 * d datagram, r raw, m reliable datagram, q sequenced packets, c DCCP, p packet, o any other; what it speaks: t TCP,
 * u UDP, i ICMP, j ICMPv6, s SCTP, o anything else. A stream, datagram or sequenced socket of any family that names no
 * protocol speaks TCP, UDP and SCTP, as KubeArmor has it.
 * With a direction follow the service's port, the peer's or the own, as 4 digits (hexadecimal, lower case), and the
 * peer's address, if it is known, as 8 or 32. The unspecified address as a destination is the loopback.
 */
enum ka_network_direction {
	KA_NETWORK_SOCKET = 'c',
	KA_NETWORK_EGRESS = 'e',
	KA_NETWORK_INGRESS = 'i',
};

/* What a decide cell says. A higher number is not a stronger one: the rule number above it decides. */
enum ka_verdict {
	KA_NONE = 0,
	KA_ALLOW = 1,  /* passes, silent */
	KA_REPORT = 2, /* passes, with an event: audit posture, audited workload */
	KA_BLOCK = 3,  /* -EACCES, with an event */
};

/* Index bits of an outcome row. */
enum ka_access_bit {
	KA_ACCESS_OWNER = 1, /* the caller's uid is the object's (for creations: the parent directory's) */
	KA_ACCESS_WRITE = 2,
	KA_ACCESS_TTY = 4, /* the caller has a controlling terminal */
};

#define KA_CELL_VERDICT_MASK 3
#define KA_CELL_RULE_SHIFT 2

/* decide = rule << 2 | verdict, from Allow and Block rules; audit = rule << 2 | KA_REPORT, from Audit rules; 0 = no rule. */
struct ka_cell {
	__u32 decide;
	__u32 audit;
};

struct ka_row {
	struct ka_cell cell[8];
};

/*
 * Set on a state of exec and file automata from which, after at least one more byte, a KA_BLOCK can still be met. Where
 * the class's unmatched cell blocks, a path that no rule of the automaton decides counts as blocked too.
 */
#define KA_STATE_BLOCKS_BELOW 1

struct ka_state {
	__u32 base;
	__u32 fallback;
	__u32 row;   /* the outcome if the path ends here; 0 = no rule */
	__u32 value; /* exec and file automata: KA_STATE_ flags; source automaton: the label, 0 = none */
};

struct ka_edge {
	__u32 owner;
	__u32 next;
};

/* The class holds at least one rule or posture that can block: paths that cannot be built are denied. */
#define KA_CLASS_CAN_BLOCK 1
/* Some rule looks at the write bit: file_permission has something to decide. */
#define KA_CLASS_WRITE_MATTERS 2
/* The class has an automaton, of all callers or of some source's, or an unmatched cell: else it is passed by unasked. */
#define KA_CLASS_SPEAKS 4

struct ka_class_plan {
	__u32 root[KA_GLOBAL_DFAS]; /* start states of the automata for every caller, packed to the front */
	struct ka_cell unmatched;   /* the outcome when no automaton met a deciding row: whitelist switch and posture */
	__u32 flags;
	__u32 pad;
};

/* Start states for callers whose executable bears this label, walked in addition to the class's. */
struct ka_source_plan {
	__u32 root[KA_CLASS_COUNT][KA_SOURCE_DFAS];
};

/*
 * Bit of an entry of the argument table, beside the offset of its automaton's start state: listed arguments count only
 * in runs by the program's owner.
 */
#define KA_ARGS_OWNER_ONLY 1

#define KA_PLAN_MAGIC 0x4e4c504b /* "KPLN" */

struct ka_plan {
	__u32 magic;
	__u32 abi_version;
	__u32 size;       /* of the whole blob, a multiple of 64 */
	__u32 rule_count; /* rules 1 … rule_count; 0 is the default posture */
	__u32 states;     /* one table for all automata, patched by the enforcer */
	__u32 state_count;
	__u32 edges;
	__u32 edge_count;
	__u32 rows;
	__u32 row_count;
	__u32 source_root;   /* automaton over executable paths that yields the label */
	__u32 sources;       /* struct ka_source_plan[source_count + 1]; entry 0 is for unlabelled callers and all zero */
	__u32 source_count;
	/* __u32[rule_count + 1], 0 = no such table: where a rule's entry is not 0, its denial of a run counts only if an
	 * argument is not listed. */
	__u32 args;
	__u64 content_hash; /* first 8 bytes of the SHA-256 over the blob with this field zero */
	struct ka_class_plan cls[KA_CLASS_COUNT];
};

_Static_assert(sizeof(struct ka_row) == 64, "ka_row");
_Static_assert(sizeof(struct ka_state) == 16, "ka_state");
_Static_assert(sizeof(struct ka_edge) == 8, "ka_edge");
_Static_assert(sizeof(struct ka_class_plan) == 48, "ka_class_plan");
_Static_assert(sizeof(struct ka_source_plan) == 32, "ka_source_plan");
_Static_assert(sizeof(struct ka_plan) == 256, "ka_plan");
_Static_assert(__builtin_offsetof(struct ka_plan, content_hash) == 56, "ka_plan.content_hash");

#endif
