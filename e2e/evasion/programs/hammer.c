/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hammer MODE PATH FREE PAUSE_US: opens (MODE open) or executes (MODE exec) PATH over and over from two threads until
 * SIGTERM comes. Says "hammering" at the start and at the end one line of counts:
 * {"tries":…,"escaped":…,"denied":…,"otherErrors":…,"freeFailed":…}. FREE is a file that must stay open to all:
 * a machine that denies everything would pass otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_ulong tries, escaped, denied, other, free_failed;
static atomic_bool over;
static atomic_int last_other;
static const char *path, *free_path;
static int exec_mode;
static unsigned pause_us;
static sigset_t endings;

static int try_exec(void)
{
	char *argv[] = { (char *)path, NULL }, *envp[] = { NULL };
	volatile int failure = 0;
	pid_t child = vfork();

	if (child == 0) {
		execve(path, argv, envp);
		failure = errno;
		_exit(127);
	}
	if (child < 0)
		return errno;
	waitpid(child, NULL, 0);
	return failure;
}

static int try_open(const char *what)
{
	int fd = open(what, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void *attack(void *unused)
{
	(void)unused;
	while (!over) {
		int failure = exec_mode ? try_exec() : try_open(path);

		tries++;
		if (failure == 0)
			escaped++;
		else if (failure == EACCES)
			denied++;
		else {
			other++;
			last_other = failure;
		}
		if (try_open(free_path) != 0)
			free_failed++;
		if (pause_us > 0)
			usleep(pause_us);
	}
	return NULL;
}

static void say(void)
{
	printf("{\"tries\":%lu,\"escaped\":%lu,\"denied\":%lu,\"otherErrors\":%lu,\"lastOther\":%d,\"freeFailed\":%lu}\n",
	       tries, escaped, denied, other, last_other, free_failed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	int ending;

	if (argc != 5)
		return 2;
	exec_mode = strcmp(argv[1], "exec") == 0;
	path = argv[2];
	free_path = argv[3];
	pause_us = (unsigned)atoi(argv[4]);
	sigemptyset(&endings);
	sigaddset(&endings, SIGTERM);
	sigaddset(&endings, SIGINT);
	pthread_sigmask(SIG_BLOCK, &endings, NULL);
	printf("hammering\n");
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, attack, NULL);
	sigwait(&endings, &ending);
	over = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	say();
	return escaped != 0;
}
