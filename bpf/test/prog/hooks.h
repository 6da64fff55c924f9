/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_TEST_HOOKS_H
#define KA_TEST_HOOKS_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a loader must do before loading: leave out hooks that this kernel has not, and size the slots by its CPUs. */
static inline void hooks_prune(struct bpf_object *object)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program (program, object) {
		const char *section = bpf_program__section_name(program);
		char name[128];

		if (strncmp(section, "lsm/", 4))
			continue;
		snprintf(name, sizeof(name), "bpf_lsm_%s", section + 4);
		if (btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) < 0)
			bpf_program__set_autoload(program, 0);
	}
	map = bpf_object__find_map_by_name(object, "scratch");
	bpf_map__set_max_entries(map, 3 * libbpf_num_possible_cpus());
	btf__free(kernel);
}

#endif
