/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Puts accesses to plans to the kernel: reads both from a file, runs replay.bpf.c for each access, prints one line an
 * answer: denied, verdict of the record due, its cell, its options, the deciding cell, the rule whose arguments hold.
 * Needs root; no hook is attached.
 *
 * The file is a row of records, each a struct replay_record and its bytes: a plan's blob, or an access's path, its
 * caller's program and its arguments with a NUL after each. Accesses are to the plan before them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../abi/plan.h"
#include "../../enforcer/arena.h"
#include "replay.h"

enum { RECORD_PLAN = 1, RECORD_ACCESS = 2 };

struct replay_record {
	__u32 kind;
	__u32 len; /* of a plan */
	__u64 content_hash;
	__u32 cls;
	__u32 bits; /* enum ka_access_bit */
	__u32 path_len;
	__u32 source_len;
	__u32 args_count;
	__u32 args_len;
};

static struct replay_access *question;
static int program;
static int terminal;

static void die(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Arguments may fill what exec allows; pages of their own, so that none is a huge one. */
#define ARGS_ROOM (8 << 20)
static char *args_text;

static void read_whole(FILE *in, void *to, size_t len)
{
	if (len && fread(to, len, 1, in) != 1)
		die("the file ends inside a record");
}

static __u32 read_text(FILE *in, char *room, __u32 len)
{
	__u32 at = REPLAY_TEXT_END - len;

	if (len > REPLAY_TEXT_END) {
		errno = ENAMETOOLONG;
		die("a path");
	}
	read_whole(in, room + at, len);
	room[REPLAY_TEXT_END] = 0;
	return at;
}

static void have_terminal(bool want)
{
	static bool has;

	if (want != has && ioctl(terminal, want ? TIOCSCTTY : TIOCNOTTY, 0))
		die("the terminal");
	has = want;
}

static void answer(FILE *in, const struct replay_record *record, __u32 plan)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);

	question->plan = plan;
	question->cls = record->cls;
	question->write = record->bits & KA_ACCESS_WRITE;
	question->owner_uid = geteuid() + !(record->bits & KA_ACCESS_OWNER);
	question->path_at = read_text(in, question->path, record->path_len);
	question->source_at = record->source_len ? read_text(in, question->source, record->source_len) : 0;
	question->args_count = record->args_count;
	question->args_at = (__u64)args_text;
	if (record->args_len > ARGS_ROOM) {
		errno = E2BIG;
		die("arguments");
	}
	read_whole(in, args_text, record->args_len);
	have_terminal(record->bits & KA_ACCESS_TTY);
	if (bpf_prog_test_run_opts(program, &run) || run.retval) {
		errno = errno ?: EIO;
		die("the program");
	}
	printf("%u %u %u %u %u %u\n", question->is_denied, question->due_verdict, question->due_cell,
	       question->due_options, question->decide, question->args_rule);
}

static void replay(struct bpf_object *object, FILE *in)
{
	struct arena arena;
	struct replay_record record;
	__u32 plan = 0;
	char *mem;

	mem = mmap(0, KA_ARENA_SIZE_DEFAULT + KA_ARENA_GUARD, PROT_READ | PROT_WRITE, MAP_SHARED,
		   bpf_object__find_map_fd_by_name(object, "arena"), 0);
	question = mmap(0, (sizeof(*question) + 4095) & ~4095ul, PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_object__find_map_fd_by_name(object, "replays"), 0);
	/* Where tables have five levels, lib/args.bpf.h tells by the address: a new program's stack lies above 47 bits. */
	args_text = mmap((void *)(1ul << 50), ARGS_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED || question == MAP_FAILED || args_text == MAP_FAILED)
		die("mmap");
	madvise(args_text, ARGS_ROOM, MADV_NOHUGEPAGE);
	program = bpf_program__fd(bpf_object__find_program_by_name(object, "replay"));
	arena_init(&arena, mem, KA_ARENA_SIZE_DEFAULT);
	while (fread(&record, sizeof(record), 1, in) == 1) {
		if (record.kind == RECORD_PLAN) {
			void *blob = malloc(record.len);
			const char *why = "";

			arena_sweep(&arena, true);
			read_whole(in, blob, record.len);
			errno = -arena_put(&arena, record.content_hash, blob, record.len, &why);
			if (errno)
				die(why);
			plan = arena_find(&arena, record.content_hash);
			free(blob);
		} else {
			answer(in, &record, plan);
		}
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_map *scratch;
	int master, state;
	FILE *in;

	if (argc != 3) {
		fprintf(stderr, "usage: replay OBJECT FILE\n");
		return 2;
	}
	/* Only a session's leader takes a terminal, and losing it is told by a signal. */
	if (fork()) {
		wait(&state);
		return WIFEXITED(state) ? WEXITSTATUS(state) : 2;
	}
	setsid();
	signal(SIGHUP, SIG_IGN);
	signal(SIGCONT, SIG_IGN);
	if (openpty(&master, &terminal, 0, 0, 0))
		die("openpty");
	in = fopen(argv[2], "r");
	if (!in)
		die(argv[2]);
	object = bpf_object__open_file(argv[1], 0);
	scratch = object ? bpf_object__find_map_by_name(object, "scratch") : 0;
	if (!scratch || bpf_map__set_max_entries(scratch, 3 * libbpf_num_possible_cpus()) || bpf_object__load(object))
		die(argv[1]);
	replay(object, in);
	return fflush(stdout) ? 2 : 0;
}
