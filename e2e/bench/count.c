/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds of CLOCK_MONOTONIC for one open+close or one fork+exec+wait. In a guest that counts instructions these
 * are instructions. Arguments in groups of four: open|refused|exec PATH TIMES ROUNDS; a line with the figure of every
 * round for each group.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void open_once(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fail("open", path);
	close(fd);
}

/* Refused is a result too: that is what a Block rule costs. */
static void refused_once(const char *path)
{
	if (open(path, O_RDONLY) >= 0 || errno != EACCES)
		fail("should be refused", path);
}

static void exec_once(const char *path)
{
	char *const argv[] = { (char *)path, NULL };
	char *const envp[] = { NULL };
	int status;
	pid_t child = fork();

	if (child < 0)
		fail("fork for", path);
	if (child == 0) {
		execve(path, argv, envp);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || status != 0) {
		errno = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? EACCES : EINVAL;
		fail("exec", path);
	}
}

int main(int argc, char **argv)
{
	/* A program's place in memory decides how many page tables it takes. */
	personality(ADDR_NO_RANDOMIZE);
	for (int at = 1; at + 4 <= argc; at += 4) {
		const char *path = argv[at + 1];
		int times = atoi(argv[at + 2]), rounds = atoi(argv[at + 3]);
		void (*once)(const char *) = !strcmp(argv[at], "exec")	  ? exec_once :
					     !strcmp(argv[at], "refused") ? refused_once :
									    open_once;

		/* Fills the caches of the kernel and of the label, and the emulator's. */
		for (int i = 0; i < times; i++)
			once(path);
		for (int round = 0; round < rounds; round++) {
			long long start = now();

			for (int i = 0; i < times; i++)
				once(path);
			printf("%lld%c", (now() - start) / times, round + 1 < rounds ? ' ' : '\n');
		}
		fflush(stdout);
	}
	return 0;
}
