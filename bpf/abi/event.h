/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_ABI_EVENT_H
#define KA_ABI_EVENT_H

#include "limits.h"

/* Records that the kernel programs put into the ring buffers and the enforcer passes on unchanged. */

/* The hooks by the names that alerts carry in `Data: lsm=…`. */
#define KA_HOOKS(X)          \
	X(NONE)              \
	X(SECURITY_BPRM_CHECK) \
	X(FILE_OPEN)         \
	X(FILE_PERMISSION)   \
	X(FILE_MKNOD)        \
	X(FILE_MKDIR)        \
	X(FILE_RMDIR)        \
	X(FILE_UNLINK)       \
	X(FILE_SYMLINK)      \
	X(FILE_LINK)         \
	X(FILE_RENAME)       \
	X(FILE_CHMOD)        \
	X(FILE_CHOWN)        \
	X(FILE_TRUNCATE)     \
	X(MMAP_FILE)         \
	X(SB_MOUNT)          \
	X(MOVE_MOUNT)        \
	X(CAPABLE)           \
	X(SOCKET_CREATE)     \
	X(SOCKET_BIND)       \
	X(SOCKET_LISTEN)     \
	X(SOCKET_CONNECT)    \
	X(SOCKET_ACCEPT)     \
	X(SOCKET_SENDMSG)    \
	X(SOCKET_RECVMSG)

enum ka_hook {
#define KA_HOOK_ENUM(name) KA_HOOK_##name,
	KA_HOOKS(KA_HOOK_ENUM)
#undef KA_HOOK_ENUM
	KA_HOOK_COUNT,
};

enum ka_event_kind {
	KA_EVENT_ACCESS = 1,
};

/* Per-CPU counters, summed by the reader; every way to lose something or to decide without looking has one. */
#define KA_COUNTERS(X)                                                                        \
	X(DECISIONS, "lookups made")                                                          \
	X(BLOCKED, "accesses denied")                                                         \
	X(REPORTED, "accesses passed with an event")                                          \
	X(ALERTS_LOST, "alert records that found the ring full")                              \
	X(TELEMETRY_LOST, "telemetry records that found the ring full")                       \
	X(PATH_UNBUILT, "paths too long or too deep to build")                                \
	X(PATH_UNBUILT_DENIED, "of those, denied because the workload has blocking rules")    \
	X(TASK_LABEL_FAILED, "tasks that could not be given a label")                         \
	X(PLAN_BROKEN, "walks that met an offset outside the arena")                          \
	X(SCRATCH_MISSING, "lookups without a scratch buffer")                                \
	X(MOUNTS_REFUSED, "bind mounts and mount moves refused inside workloads")             \
	X(TEXT_TRUNCATED, "event texts cut to their bound")                                   \
	X(ARGS_UNCHECKED, "runs held against allowedArgs whose arguments could not be read")  \
	X(CAPABILITY_QUIET, "capabilities refused where the kernel wants no word said of it") \
	X(SOCKET_UNMARKED, "accepted connections that will be judged as outgoing ones, for want of memory")

enum ka_counter {
#define KA_COUNTER_ENUM(name, text) KA_COUNTER_##name,
	KA_COUNTERS(KA_COUNTER_ENUM)
#undef KA_COUNTER_ENUM
	KA_COUNTER_COUNT,
};

/* Alerts have a ring of their own, so that telemetry cannot push them out. Each ring numbers its records from 1. */
#define KA_RINGS(X) X(ALERTS) X(TELEMETRY)

enum ka_ring {
#define KA_RING_ENUM(name) KA_RING_##name,
	KA_RINGS(KA_RING_ENUM)
#undef KA_RING_ENUM
	KA_RING_COUNT,
};

/* Every record and every frame starts with this. `size` counts the header and everything after it. */
struct ka_header {
	__u32 size;
	__u16 kind;
	__u16 abi_version;
	__u64 seq; /* events: rises by one per ring and record produced, lost ones included, so gaps count losses */
};

#define KA_TEXTS(X) X(object) X(object2) X(exe) X(parent_exe) X(cmdline) X(cwd)

/*
 * One decided access. The texts follow the struct in the order of KA_TEXTS, without terminators;
 * cmdline keeps its NUL separators. For exec, object is the program to run, exe the program that calls exec,
 * cmdline the arguments of the new program; otherwise cmdline is that of the caller. For a capability
 * or a socket, object is its name as plan.h has it.
 */
struct ka_event_access {
	struct ka_header header;
	__u64 boot_ns; /* CLOCK_BOOTTIME */
	__u64 exec_id; /* of the session that entered the workload from outside; 0 = started with it */
	__u64 args[3]; /* of the system call: openat: dfd, path pointer, flags; … */
	__u32 workload;
	__u32 revision; /* of the workload's binding, for the agent's rule table */
	__u32 rule;     /* within the plan; 0 = default posture */
	__u32 host_pid;
	__u32 host_ppid;
	__u32 pid; /* in the task's own pid namespace */
	__u32 ppid;
	__u32 uid;       /* real uid, initial user namespace */
	__u32 owner_uid; /* of the object */
	__s32 syscall;   /* number as of the native table, -1 outside a system call */
	__u32 open_flags;
	__u32 count; /* how many like it this record stands for */
	__u8 cls;    /* enum ka_class */
	__u8 verdict; /* enum ka_verdict */
	__u8 hook;    /* enum ka_hook */
	__u8 access;  /* ka_access_bit set */
	__u8 is_audit; /* the rule is an Audit rule, not the deciding one */
	__u8 pad[1];
	__u16 object_len;
	__u16 object2_len;
	__u16 exe_len;
	__u16 parent_exe_len;
	__u16 cmdline_len;
	__u16 cwd_len;
	__u8 pad2[6];
	char comm[KA_COMM_LEN];
	char tty[KA_TTY_LEN];
};

_Static_assert(sizeof(struct ka_header) == 16, "ka_header");
_Static_assert(sizeof(struct ka_event_access) == 176, "ka_event_access");
_Static_assert(__builtin_offsetof(struct ka_event_access, workload) == 56, "ka_event_access.workload");
_Static_assert(__builtin_offsetof(struct ka_event_access, cls) == 104, "ka_event_access.cls");
_Static_assert(__builtin_offsetof(struct ka_event_access, object_len) == 110, "ka_event_access.object_len");
_Static_assert(__builtin_offsetof(struct ka_event_access, comm) == 128, "ka_event_access.comm");
_Static_assert(KA_COUNTER_COUNT <= 32, "struct ka_frame_stats has room for 32 counters");

#endif
