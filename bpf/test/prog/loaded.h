/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
#ifndef KA_TEST_LOADED_H
#define KA_TEST_LOADED_H

/* The object, loaded and attached, and the maps that tests look into. */

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../abi/pinned.h"
#include "hooks.h"

static struct bpf_object *object;
static char *arena;
static __u64 *workloads;

static inline int map_fd(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static inline void set_rodata(const char *name, __u32 value)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section = btf__type_by_id(btf, btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC));
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map (map, object) {
		char *data = strstr(bpf_map__name(map), ".rodata") ? (char *)bpf_map__initial_value(map, &size) : 0;

		for (int i = 0; data && i < btf_vlen(section); i++) {
			const struct btf_var_secinfo *at = btf_var_secinfos(section) + i;
			const struct btf_type *var = btf__type_by_id(btf, at->type);

			if (!strcmp(btf__name_by_offset(btf, var->name_off), name))
				memcpy(data + at->offset, &value, sizeof(value));
		}
	}
}

/* 0, or -1 with errno. */
static inline int load(const char *path)
{
	struct bpf_program *program;
	struct stat ns;

	object = bpf_object__open_file(path, 0);
	if (!object)
		return -1;
	hooks_prune(object);
	if (stat("/proc/1/ns/mnt", &ns))
		return -1;
	set_rodata("host_mnt_inum", ns.st_ino);
	if (bpf_object__load(object))
		return -1;
	bpf_object__for_each_program (program, object)
		if (bpf_program__autoload(program) && !bpf_program__attach(program)) {
			printf("cannot attach %s: %s\n", bpf_program__name(program), strerror(errno));
			return -1;
		}
	arena = mmap(0, KA_ARENA_SIZE_DEFAULT + KA_ARENA_GUARD, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd("arena"), 0);
	workloads = mmap(0, 8 * KA_MAX_WORKLOADS, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd("workloads"), 0);
	return arena == MAP_FAILED || workloads == MAP_FAILED ? -1 : 0;
}

#endif
