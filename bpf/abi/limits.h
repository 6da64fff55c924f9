/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_ABI_LIMITS_H
#define KA_ABI_LIMITS_H

/* Bounds that both sides of the kernel border rely on. Changing one changes the ABI version. */

#define KA_ABI_VERSION 1

/* Linux PATH_MAX. Paths of 4,096 bytes and more cannot be built and are answered fail-closed. */
#define KA_PATH_MAX 4096
#define KA_CMDLINE_MAX 4096
#define KA_COMM_LEN 16
#define KA_TTY_LEN 32

/* Automata that one lookup walks: those of all callers, and those of the caller's source. */
#define KA_GLOBAL_DFAS 8
#define KA_SOURCE_DFAS 2
#define KA_MAX_DFAS (KA_GLOBAL_DFAS + KA_SOURCE_DFAS)

#define KA_MAX_SOURCES 4096
#define KA_MAX_WORKLOADS 16384
#define KA_WORKLOAD_KEY_LEN 128
#define KA_CGROUP_NAME_LEN 128
#define KA_DETAIL_LEN 64

/* Workload 0 is the host itself. */
#define KA_HOST_WORKLOAD 0

#endif
