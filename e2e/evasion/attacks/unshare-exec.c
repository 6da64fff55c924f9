/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>

/* The label must survive an exec that happens in the new namespaces: a helper reaches for the target after it. */
static char self[PATH_MAX];

static void attack_again(void *unused)
{
	char *argv[] = { self, (char *)"attack", (char *)(goal == READ ? "read" : goal == EXEC ? "exec" : "write"),
			 case_dir, NULL };
	char *envp[] = { (char *)"EVASION_STAGE=2", NULL };

	(void)unused;
	if (unshare(CLONE_NEWNS) < 0 && !become_user_root(CLONE_NEWNS))
		_exit(125);
	unshare(CLONE_NEWCGROUP);
	unshare(CLONE_NEWUTS);
	unshare(CLONE_NEWIPC);
	if (unshare(CLONE_NEWPID) == 0 && fork() > 0) {
		wait(NULL);
		_exit(0);
	}
	execve(self, argv, envp);
}

static void run(void)
{
	char bytes[8192];
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
	child = fork();
	if (child == 0) {
		dup2(out[1], STDOUT_FILENO);
		attack_again(NULL);
		_exit(127);
	}
	close(out[1]);
	while (size < sizeof(bytes) && (got = read(out[0], bytes + size, sizeof(bytes) - size)) > 0)
		size += (size_t)got;
	waitpid(child, NULL, 0);
	if (memmem(bytes, size, "\"escaped\"", 9) != NULL)
		escaped("exec after unshare");
	errno = memmem(bytes, size, "\"denied\"", 8) != NULL ? EACCES : ENOSYS;
	step_failed("exec after unshare");
}

ATTACK(.name = "unshare-exec", .goals = READ | EXEC | WRITE)
