/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The programs in a real kernel: loads the object, writes small plans by hand, and tries to get past them. Needs root
 * and a kernel whose LSM list has bpf in it. Prints one line a check and `N passed, N failed, N skipped`.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../abi/event.h"
#include "../../abi/pinned.h"
#include "loaded.h"
#include "mini-plan.h"

#define W "/tmp/ka" /* where the checks play */

static struct ring_buffer *rings;
static int passed, failed, skipped;

/* ---- events ---- */

static struct {
	struct ka_event_access event;
	char text[6][4200];
} last;
static int events;

static int on_event(void *ctx, void *data, size_t size)
{
	const struct ka_event_access *event = data;
	const char *text = (const char *)(event + 1);
	const __u16 *length = &event->object_len;

	(void)ctx;
	if (size < sizeof(*event) || event->header.size > size)
		return 0;
	memset(&last, 0, sizeof(last));
	last.event = *event;
	for (int i = 0; i < 6; i++) {
		memcpy(last.text[i], text, length[i]);
		text += length[i];
	}
	events++;
	return 0;
}

static int drain(void)
{
	events = 0;
	ring_buffer__consume(rings);
	return events;
}

/* ---- reports ---- */

static void check(bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf(ok ? "ok    " : "FAIL  ");
	vprintf(format, args);
	if (!ok)
		printf("   [last event: %d, hook %d rule %u verdict %u access %u audit %u object %s object2 %s]", events, last.event.hook,
		       last.event.rule, last.event.verdict, last.event.access, last.event.is_audit, last.text[0],
		       last.text[1]);
	printf("\n");
	fflush(stdout);
	va_end(args);
	if (ok)
		passed++;
	else
		failed++;
}

/* Runs fn in a child; its errno, or 0. */
static int attempt(int (*fn)(const char *, const char *), const char *a, const char *b)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		errno = 0;
		_exit(fn(a, b) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	drain();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* ---- things to try ---- */

static int do_read(const char *a, const char *b)
{
	(void)b;
	return open(a, O_RDONLY);
}

static int do_write(const char *a, const char *b)
{
	(void)b;
	return open(a, O_WRONLY);
}

static int do_create(const char *a, const char *b)
{
	(void)b;
	return open(a, O_WRONLY | O_CREAT, 0644);
}

static int do_in_dir(const char *a, const char *b)
{
	return chdir(a) ? -1 : open(b, O_RDONLY);
}

static int do_exec(const char *a, const char *b)
{
	char *argv[] = { "shown", "-x", "two words", 0 };

	(void)b;
	return execv(a, argv);
}

static int do_openat2(const char *a, const char *b)
{
	struct open_how how = { .flags = O_RDONLY };

	(void)b;
	return syscall(SYS_openat2, AT_FDCWD, a, &how, sizeof(how));
}

static int do_reopen(const char *a, const char *b)
{
	char name[64];
	int fd = open(a, O_PATH);

	(void)b;
	if (fd < 0) {
		errno = ENOTTY;
		return -1;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_RDONLY);
}

static int do_handle(const char *a, const char *b)
{
	struct {
		struct file_handle head;
		char room[128];
	} handle = { .head.handle_bytes = 128 };
	int id, dir;

	if (name_to_handle_at(AT_FDCWD, a, &handle.head, &id, 0)) {
		errno = ENOTTY;
		return -1;
	}
	dir = open(b, O_RDONLY | O_DIRECTORY);
	return open_by_handle_at(dir, &handle.head, O_RDONLY);
}

static int do_uring(const char *a, const char *b)
{
	struct io_uring_params p = {};
	int ring = syscall(SYS_io_uring_setup, 4, &p);
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq;

	if (ring < 0) {
		errno = ENOTTY;
		return -1;
	}
	sq = mmap(0, p.sq_off.array + 4 * p.sq_entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(0, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(0, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = (uintptr_t)a;
	sqe->open_flags = O_RDONLY;
	sqe->flags = b ? IOSQE_ASYNC : 0;
	((unsigned *)(sq + p.sq_off.array))[0] = 0;
	*(volatile unsigned *)(sq + p.sq_off.tail) += 1;
	syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	cqe = (void *)(cq + p.cq_off.cqes);
	if (cqe->res < 0) {
		errno = -cqe->res;
		return -1;
	}
	return 0;
}

static int do_truncate(const char *a, const char *b)
{
	(void)b;
	return truncate(a, 1);
}

static int do_mkdir(const char *a, const char *b)
{
	(void)b;
	return mkdir(a, 0755);
}

static int do_mknod(const char *a, const char *b)
{
	(void)b;
	return mknod(a, S_IFIFO | 0644, 0);
}

static int do_rmdir(const char *a, const char *b)
{
	(void)b;
	return rmdir(a);
}

static int do_unlink(const char *a, const char *b)
{
	(void)b;
	return unlink(a);
}

static int do_chmod(const char *a, const char *b)
{
	(void)b;
	return chmod(a, 0600);
}

static int do_chown(const char *a, const char *b)
{
	(void)b;
	return chown(a, 7, 7);
}

static int do_exchange(const char *a, const char *b)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2);
}

static int do_symlink(const char *a, const char *b)
{
	return symlink(b, a);
}

static int do_map_exec(const char *a, const char *b)
{
	int fd = open(a, O_RDONLY);

	(void)b;
	if (fd < 0) {
		errno = ENOTTY;
		return -1;
	}
	return mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

static int do_map_then_exec(const char *a, const char *b)
{
	int fd = open(a, O_RDONLY);
	void *at = mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	(void)b;
	if (at == MAP_FAILED) {
		errno = ENOTTY;
		return -1;
	}
	return mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int do_private_pids(const char *a, const char *b)
{
	int status;
	pid_t pid;

	(void)b;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID))
		return -1;
	pid = fork();
	if (!pid) {
		errno = 0;
		_exit(open(a, O_RDONLY) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static int do_memfd_exec(const char *a, const char *b)
{
	char *argv[] = { "m", 0 };
	int fd = memfd_create("sneaky", 0), from = open(a, O_RDONLY);
	char buffer[65536];
	ssize_t n;

	(void)b;
	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, n) != n)
			return -1;
	return syscall(SYS_execveat, fd, "", argv, 0, AT_EMPTY_PATH);
}

static int do_read_as_other(const char *a, const char *b)
{
	(void)b;
	return setuid(1234) ? -1 : open(a, O_RDONLY);
}

static int do_private_mounts(const char *a, const char *b)
{
	(void)b;
	return unshare(CLONE_NEWNS) ? -1 : open(a, O_RDONLY);
}

static int do_private_user(const char *a, const char *b)
{
	(void)b;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) ? -1 : open(a, O_RDONLY);
}

static int do_host_mounts(const char *a, const char *b)
{
	int ns = open(b, O_RDONLY);

	return setns(ns, CLONE_NEWNS) ? -1 : open(a, O_RDONLY);
}

static int do_bind(const char *a, const char *b)
{
	return mount(a, b, 0, MS_BIND, 0);
}

static int do_tmpfs(const char *a, const char *b)
{
	(void)b;
	return mount("t", a, "tmpfs", 0, 0);
}

static int do_overlay(const char *a, const char *b)
{
	char options[256];

	snprintf(options, sizeof(options), "lowerdir=%s", a);
	return mount("o", b, "overlay", 0, options);
}

/* A detached copy of the directory's mount, and the file below it. */
static int do_open_tree(const char *a, const char *b)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, a, 1 /* OPEN_TREE_CLONE */);

	if (tree < 0) {
		errno = ENOTTY;
		return -1;
	}
	return openat(tree, b, O_RDONLY);
}

static int do_open_tree_attach(const char *a, const char *b)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, a, 1);

	if (tree < 0) {
		errno = ENOTTY;
		return -1;
	}
	return syscall(SYS_move_mount, tree, "", AT_FDCWD, b, 4 /* MOVE_MOUNT_F_EMPTY_PATH */);
}

/* ---- plans ---- */

static __u32 arena_used = KA_ARENA_RESERVED;
static __u32 revision;

static struct mini_cells block(__u32 rule)
{
	struct mini_cells cells;

	for (int i = 0; i < 8; i++)
		cells.cell[i] = (struct ka_cell){ .decide = rule << 2 | KA_BLOCK };
	return cells;
}

static struct mini_cells allow(__u32 rule)
{
	struct mini_cells cells;

	for (int i = 0; i < 8; i++)
		cells.cell[i] = (struct ka_cell){ .decide = rule << 2 | KA_ALLOW };
	return cells;
}

static struct mini_cells audit(__u32 rule)
{
	struct mini_cells cells;

	for (int i = 0; i < 8; i++)
		cells.cell[i] = (struct ka_cell){ .audit = rule << 2 | KA_REPORT };
	return cells;
}

static struct mini_cells block_unless(__u32 rule, __u32 bits, __u32 value)
{
	struct mini_cells cells = block(rule);

	for (__u32 i = 0; i < 8; i++)
		if ((i & bits) == value)
			cells.cell[i].decide = rule << 2 | KA_ALLOW;
	return cells;
}

static struct mini_plan plan;
static struct mini_node *trees[KA_CLASS_COUNT];

static void plan_new(void)
{
	arena_used = (arena_used + 63) & ~63u;
	mini_begin(&plan, arena, arena_used);
	for (int cls = 0; cls < KA_CLASS_COUNT; cls++) {
		trees[cls] = mini_node();
		plan.header->cls[cls].flags = KA_CLASS_CAN_BLOCK | KA_CLASS_WRITE_MATTERS | KA_CLASS_SPEAKS;
	}
}

static void plan_bind(__u32 workload)
{
	for (int cls = 0; cls < KA_CLASS_COUNT; cls++)
		plan.header->cls[cls].root[0] = mini_root(&plan, trees[cls], 0);
	plan.header->size = plan.used - plan.at;
	arena_used = plan.used;
	__atomic_store_n(&workloads[workload], (__u64)++revision << 32 | plan.at, __ATOMIC_RELEASE);
}

static void unbind(__u32 workload)
{
	__atomic_store_n(&workloads[workload], 0, __ATOMIC_RELEASE);
}

/* ---- set-up ---- */

static void file_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, "#!/bin/true\n", 12) != 12)
		perror(path);
	close(fd);
}

static __u64 counter(enum ka_counter which)
{
	__u64 values[64] = {}, sum = 0;
	__u32 key = which;

	bpf_map_lookup_elem(map_fd("counters"), &key, values);
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += values[i];
	return sum;
}

static int run_iterator(void)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "label_tasks");
	struct bpf_link *link = bpf_program__attach_iter(program, 0);
	int fd = bpf_iter_create(bpf_link__fd(link)), total = 0;
	char buffer[4096];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		total += n / 4;
	close(fd);
	bpf_link__destroy(link);
	return total;
}

#include "host-checks.h"
#include "network-checks.h"
#include "container-checks.h"

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--inside"))
		return inside(argc - 2, argv + 2);
	if (argc < 2)
		return 2;
	setvbuf(stdout, 0, _IOLBF, 0);
	if (load(argv[1]) || !(rings = ring_buffer__new(map_fd("alerts"), on_event, 0, 0))) {
		printf("cannot load %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	run_iterator();
	signal(SIGCHLD, SIG_DFL);
	host_checks();
	host_network();
	container_checks();
#define SHOW(name, text) if (counter(KA_COUNTER_##name)) printf("      counter %s %llu\n", #name, counter(KA_COUNTER_##name));
	KA_COUNTERS(SHOW)
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return !!failed;
}
