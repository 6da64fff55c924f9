/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "../abi/frame.h"
#include "fixtures.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SEQ 0x0102030405060708ULL

static struct ka_header header_of(__u32 size, __u16 kind, __u64 seq)
{
	return (struct ka_header){ .size = size, .kind = kind, .abi_version = KA_ABI_VERSION, .seq = seq };
}

static int write_file(const char *dir, const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	FILE *file;
	int err = 0;

	snprintf(path, sizeof(path), "%s/%s.bin", dir, name);
	file = fopen(path, "wb");
	if (!file)
		return -errno;
	if (fwrite(bytes, len, 1, file) != 1)
		err = -EIO;
	if (fclose(file) && !err)
		err = -errno;
	return err;
}

static int write_event(const char *dir)
{
	static const struct {
		const char *bytes;
		size_t len;
	} texts[] = {
		{ "/etc/\xff name", 11 }, { "/new", 4 }, { "/usr/bin/cat", 12 }, { "/bin/sh", 7 }, { "cat\0/etc/x", 10 }, { "/root", 5 },
	};
	struct {
		struct ka_header header;
		struct ka_event_access event;
		char texts[128];
	} frame = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memcpy(frame.texts + len, texts[i].bytes, texts[i].len);
		len += texts[i].len;
	}
	frame.event = (struct ka_event_access){
		.header = header_of(sizeof(frame.event) + len, KA_EVENT_ACCESS, 41),
		.boot_ns = SEQ,
		.exec_id = 0x8000000000000002ULL,
		.args = { 0xffffffffffffff9cULL, 2, 3 },
		.workload = 4,
		.revision = 5,
		.rule = 6,
		.host_pid = 7,
		.host_ppid = 8,
		.pid = 9,
		.ppid = 10,
		.uid = 11,
		.owner_uid = 12,
		.syscall = -1,
		.open_flags = 13,
		.count = 14,
		.cls = 1,
		.verdict = 3,
		.hook = KA_HOOK_FILE_OPEN,
		.access = 7,
		.is_audit = 1,
		.object_len = texts[0].len,
		.object2_len = texts[1].len,
		.exe_len = texts[2].len,
		.parent_exe_len = texts[3].len,
		.cmdline_len = texts[4].len,
		.cwd_len = texts[5].len,
		.comm = "sixteen-bytes-ok",
		.tty = "pts0",
	};
	len += sizeof(frame.header) + sizeof(frame.event);
	frame.header = header_of(len, KA_FRAME_EVENT, KA_RING_TELEMETRY);
	return write_file(dir, "event", &frame, len);
}

int fixtures_write(const char *dir)
{
	struct ka_frame_hello hello = {
		.header = header_of(sizeof(hello), KA_FRAME_HELLO, SEQ),
		.hooks = 1ULL << KA_HOOK_FILE_OPEN | 1ULL << KA_HOOK_MOVE_MOUNT,
		.numbering = 8,
		.taken = { 1, 2 },
		.open = { 9, 10 },
		.produced = { 3, 4 },
		.waiting = { 5, 6 },
		.arena_size = 1 << 25,
		.adopted = 1,
		.workload_count = 7,
		.kernel = "6.12.0-test",
	};
	struct ka_frame_workload workload = {
		.header = header_of(sizeof(workload), KA_FRAME_WORKLOAD, SEQ),
		.content_hash = 0x8000000000000001ULL,
		.workload = 3,
		.revision = 4,
		.key = "container-key",
	};
	struct ka_frame_ack ack = {
		.header = header_of(sizeof(ack), KA_FRAME_ACK, SEQ),
		.code = KA_CODE_PLAN_INVALID,
		.error = -EINVAL,
		.detail = "tables overlap",
	};
	struct ka_frame_stats stats = {
		.header = header_of(sizeof(stats), KA_FRAME_STATS, SEQ),
		.arena_used = 1,
		.arena_size = 2,
		.produced = { 3, 4 },
		.plan_count = 5,
		.workload_count = 6,
	};
	struct ka_header ready = header_of(sizeof(ready), KA_FRAME_READY, SEQ);
	int err;

	for (size_t i = 0; i < sizeof(hello.build); i++)
		hello.build[i] = i;
	for (int i = 0; i < 32; i++)
		stats.counter[i] = 100 + i;
	err = write_file(dir, "hello", &hello, sizeof(hello));
	err = err ? err : write_file(dir, "workload", &workload, sizeof(workload));
	err = err ? err : write_file(dir, "ack", &ack, sizeof(ack));
	err = err ? err : write_file(dir, "stats", &stats, sizeof(stats));
	err = err ? err : write_file(dir, "ready", &ready, sizeof(ready));
	return err ? err : write_event(dir);
}
