/* SPDX-License-Identifier: GPL-2.0 */
/* The one BPF object: all programs share their maps and are attached together. */

#include "../lib/decision.bpf.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#include "capability.bpf.c"
#include "detached.bpf.c"
#include "exec.bpf.c"
#include "file.bpf.c"
#include "guard.bpf.c"
#include "network.bpf.c"
#include "path.bpf.c"
#include "task.bpf.c"
