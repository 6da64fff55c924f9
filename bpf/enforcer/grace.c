/* SPDX-License-Identifier: Apache-2.0 */
#include "grace.h"

#include <errno.h>
#include <unistd.h>
#include <bpf/bpf.h>

/*
 * An update of a map of maps waits for the programs that may still use the old inner map (kernel/bpf/syscall.c,
 * maybe_wait_bpf_programs: synchronize_rcu). membarrier(MEMBARRIER_CMD_GLOBAL) would be the plain way, but it does
 * nothing on one CPU, where a preemptible kernel can have a program preempted in the middle of a walk, and it is
 * refused under nohz_full.
 */
int grace_open(struct grace *grace)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	grace->outer = -1;
	grace->inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ka_grace_inner", 4, 4, 1, NULL);
	if (grace->inner < 0)
		return -errno;
	opts.inner_map_fd = grace->inner;
	grace->outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "ka_grace", 4, 4, 1, &opts);
	if (grace->outer < 0) {
		int err = -errno;

		grace_close(grace);
		return err;
	}
	return 0;
}

void grace_close(struct grace *grace)
{
	if (grace->outer >= 0)
		close(grace->outer);
	if (grace->inner >= 0)
		close(grace->inner);
	grace->outer = grace->inner = -1;
}

int grace_wait(const struct grace *grace)
{
	unsigned int key = 0;

	return bpf_map_update_elem(grace->outer, &key, &grace->inner, BPF_ANY) ? -errno : 0;
}
