/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <sys/mount.h>

/* Looks like a container to whoever tells containers by their namespaces: own pids, own mounts, an exec in between. */
static void again(void *self)
{
	char *argv[] = { self, (char *)"attack", (char *)(goal == READ ? "read" : goal == EXEC ? "exec" : "write"),
			 case_dir, NULL };
	char *envp[] = { (char *)"EVASION_STAGE=2", NULL };

	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 && !become_user_root(CLONE_NEWNS | CLONE_NEWPID))
		_exit(125);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (fork() > 0) {
		wait(NULL);
		_exit(0);
	}
	execve(self, argv, envp);
}

static void run(void)
{
	char self[PATH_MAX], bytes[8192];
	size_t size = 0;
	ssize_t got;
	int out[2];
	pid_t child;

	if (getenv("EVASION_STAGE") != NULL) {
		reach_path(target);
		return;
	}
	got = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (got < 0 || pipe2(out, O_CLOEXEC) < 0) {
		step_failed("find the own program");
		return;
	}
	self[got] = '\0';
	child = fork();
	if (child == 0) {
		dup2(out[1], STDOUT_FILENO);
		again(self);
		_exit(127);
	}
	close(out[1]);
	while (size < sizeof(bytes) && (got = read(out[0], bytes + size, sizeof(bytes) - size)) > 0)
		size += (size_t)got;
	waitpid(child, NULL, 0);
	if (memmem(bytes, size, "\"escaped\"", 9) != NULL)
		escaped("exec in new pid and mount namespaces");
	errno = memmem(bytes, size, "\"denied\"", 8) != NULL ? EACCES : ENOSYS;
	step_failed("exec in new pid and mount namespaces");
}

ATTACK(.name = "new-pid-namespace", .goals = READ | EXEC | WRITE)
