/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <pthread.h>

/* exec from a thread that is not the leader: the kernel swaps thread and leader on the way (fs/exec.c, de_thread). */
static int failure;

static void *exec_in_thread(void *unused)
{
	char *argv[] = { (char *)"target", NULL }, *envp[] = { NULL };

	(void)unused;
	execve(target, argv, envp);
	failure = errno;
	return NULL;
}

static void start_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	if (pthread_create(&thread, NULL, exec_in_thread, NULL) == 0)
		pthread_join(thread, NULL);
	errno = failure;
}

static void run(void)
{
	reach_exec(start_thread, NULL, "exec from a thread");
}

ATTACK(.name = "thread-exec", .goals = EXEC)
