/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one command line for each line of standard input ("PROGRAM VERB GOAL CASE", split at spaces), one after the
 * other, each bounded in time, so that a whole suite needs one entry into the container. A command that printed
 * nothing is answered for, so every input line yields one output line.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run_line(char *line, long limit_ms)
{
	char *argv[16], *report, output[16384];
	size_t size = 0;
	int argc = 0, pipes[2], status = 0, timed_out = 0;
	long deadline = now_ms() + limit_ms;
	pid_t child;

	for (char *word = strtok(line, " "); word != NULL && argc < 15; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (argc == 0 || pipe2(pipes, O_CLOEXEC) < 0)
		return;
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		execv(argv[0], argv);
		dprintf(STDERR_FILENO, "exec: %s\n", strerror(errno));
		_exit(127);
	}
	close(pipes[1]);
	while (size < sizeof(output) - 1) {
		struct pollfd ready = { pipes[0], POLLIN, 0 };
		long left = deadline - now_ms();
		ssize_t got;

		if (left <= 0 || poll(&ready, 1, (int)left) == 0) {
			timed_out = 1;
			break;
		}
		got = read(pipes[0], output + size, sizeof(output) - 1 - size);
		if (got <= 0)
			break;
		size += (size_t)got;
	}
	close(pipes[0]);
	if (timed_out)
		kill(-child, SIGKILL);
	waitpid(child, &status, 0);
	kill(-child, SIGKILL);
	output[size] = '\0';
	/* Programs that an attack runs may complain on standard error before the attack reports. */
	while (size > 0 && output[size - 1] == '\n')
		output[--size] = '\0';
	report = strrchr(output, '\n');
	report = report == NULL ? output : report + 1;
	if (report[0] == '{')
		printf("%s\n", report);
	else
		printf("{\"attack\":\"%s\",\"got\":\"broken\",\"detail\":\"%s, status %d\",\"output\":%zu}\n",
		       strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], timed_out ? "timed out" : "no report",
		       status, size);
	if (report[0] != '{' && size > 0)
		fprintf(stderr, "%s: %s\n", argv[0], output);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	long limit_ms = argc > 1 ? atol(argv[1]) : 60000;
	static char line[65536];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		run_line(line, limit_ms);
	}
	return 0;
}
