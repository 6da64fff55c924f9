/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Instructions of one open and close of a file with a path of 50 bytes, without and with the programs. Means something
 * under QEMU's -icount shift=0 only, where the time stamp counter counts instructions.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "loaded.h"
#include "mini-plan.h"

#define ROUNDS 1000
#define DIR "/tmp/some-dir/another-one/and-a-third"
#define FILE_NAME DIR "/data-file.txt"

_Static_assert(sizeof(FILE_NAME) - 1 >= 50, "the path of the promise");

static double base;

static void measure(const char *what)
{
	struct utsname name;
	double best = 1e18;

	for (int run = 0; run < 25; run++) {
		unsigned long long from = __rdtsc(), spent;

		for (int i = 0; i < ROUNDS; i++) {
			int fd = open(FILE_NAME, O_RDONLY);

			if (fd < 0)
				perror(FILE_NAME);
			close(fd);
		}
		spent = __rdtsc() - from;
		if ((double)spent / ROUNDS < best)
			best = (double)spent / ROUNDS;
	}
	if (!base)
		base = best;
	uname(&name);
	printf("OPEN {\"kernel\":\"%.*s\",\"case\":\"%s\",\"instructions\":%.0f,\"added\":%.0f}\n",
	       (int)strcspn(name.release, "-+"), name.release, what, best, best - base);
}

static struct mini_cells block(void)
{
	struct mini_cells cells;

	for (int i = 0; i < 8; i++)
		cells.cell[i] = (struct ka_cell){ .decide = 1 << 2 | KA_BLOCK };
	return cells;
}

/* One rule in each of `count` automata. */
static void plan_with(const char *path, int count)
{
	static __u32 at = KA_ARENA_RESERVED;
	struct mini_plan plan;

	mini_begin(&plan, arena, at);
	plan.header->cls[KA_CLASS_FILE].flags = KA_CLASS_CAN_BLOCK | KA_CLASS_SPEAKS;
	for (int i = 0; i < count; i++) {
		struct mini_node *tree = mini_node();

		mini_rule(&plan, tree, EXACT, path, block());
		plan.header->cls[KA_CLASS_FILE].root[i] = mini_root(&plan, tree, 0);
	}
	at = (plan.used + 63) & ~63u;
	__atomic_store_n(&workloads[0], 1ull << 32 | plan.at, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	char path[128] = "/tmp";

	if (argc < 2)
		return 2;
	setvbuf(stdout, 0, _IOLBF, 0);
	mkdir("/tmp/some-dir", 0755);
	mkdir("/tmp/some-dir/another-one", 0755);
	mkdir(DIR, 0755);
	close(open(FILE_NAME, O_CREAT | O_WRONLY, 0644));
	measure("bare");
	if (load(argv[1]))
		return 1;
	measure("programs, no plan");
	plan_with("/etc/shadow", 1);
	measure("one automaton, left at once");
	snprintf(path, sizeof(path), "%s2", FILE_NAME);
	plan_with(path, 1);
	measure("one automaton, walked to the end");
	plan_with(path, 4);
	measure("four automata, walked to the end");
	return 0;
}
