/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_KERNEL_BPF_H
#define KA_KERNEL_BPF_H

/*
 * Kernel facts and the one way to follow a kernel pointer. Pointers are carried as numbers: they go through loops,
 * stack frames and global functions, where the verifier would drop a pointer's type anyway.
 */

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "../abi/limits.h"
#include "../abi/plan.h"
#include "../abi/event.h"

#define EPERM 1
#define EACCES 13
#define ENOMEM 12

#define S_IFMT 00170000
#define S_IFREG 0100000
#define S_IFDIR 0040000

/* include/linux/fs.h */
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
/* Set by alloc_empty_file_noaccount and alloc_empty_backing_file only: the file that overlayfs opens behind its own. */
#define FMODE_NOACCOUNT 0x20000000
/* In f_flags of a file that exec opens. */
#define FMODE_EXEC 0x20
#define VM_EXEC 0x4
#define MAY_WRITE 0x2
#define MAY_APPEND 0x8

/* include/linux/sched.h */
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

/* include/linux/security.h: the kernel only wants to know. */
#define CAP_OPT_NOAUDIT 2

#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192

/* include/linux/fs.h: the kernel mounted it for itself, as nsfs (which drops SB_NOUSER again, fs/nsfs.c nsfs_init). */
#define SB_KERNMOUNT (1u << 22)

#define PROT_EXEC 4

/* include/linux/fs.h */
#define RENAME_EXCHANGE 2

/*
 * bpf_rdonly_cast (6.2, kernel/bpf/helpers.c) costs nothing at run time, and loads through its result are plain loads
 * with a fault handler; bpf_probe_read_kernel is a call of some fifty instructions.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define KA_READ(type, address, member)                                                                        \
	({                                                                                                    \
		typeof(((type *)0)->member) value_;                                                           \
		const void *from_ = (const void *)(address);                                                  \
		if (&bpf_rdonly_cast)                                                                         \
			value_ = ((type *)bpf_rdonly_cast(from_, bpf_core_type_id_kernel(type)))->member;     \
		else                                                                                          \
			bpf_core_read(&value_, sizeof(value_), &((type *)from_)->member);                     \
		value_;                                                                                       \
	})

/* A member that is a pointer or a pointer-sized number, as a number. */
#define KA_ADDRESS(type, address, member) ((__u64)KA_READ(type, address, member))

#define KA_HIDDEN_BOUND(variable, mask) asm volatile("%0 &= " #mask : "+r"(variable))

#endif
