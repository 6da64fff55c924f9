/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

/* New tasks by every flag that changes what a task shares with its parent. */
static int reach_from_clone(void *unused)
{
	(void)unused;
	reach_path(target);
	_exit(0);
}

/* In a thread or a task that shares memory _exit must not take the attacker along. */
static int reach_from_thread(void *unused)
{
	(void)unused;
	reach_path(target);
	syscall(SYS_exit, 0);
	return 0;
}

static void attempt(int flags, const char *name)
{
	size_t size = 256 << 10;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int child;

	if (stack == MAP_FAILED)
		return;
	child = clone(flags & CLONE_VM ? reach_from_thread : reach_from_clone, stack + size, flags | SIGCHLD, NULL);
	if (child < 0)
		step_failed(name);
	else
		waitpid(child, NULL, __WALL);
	munmap(stack, size);
}

static void run(void)
{
	attempt(0, "clone");
	attempt(CLONE_FS, "clone CLONE_FS");
	attempt(CLONE_FILES, "clone CLONE_FILES");
	attempt(CLONE_VM | CLONE_VFORK, "clone CLONE_VM");
	attempt(CLONE_IO, "clone CLONE_IO");
	attempt(CLONE_PARENT_SETTID | CLONE_UNTRACED, "clone CLONE_UNTRACED");
	attempt(CLONE_NEWNS, "clone CLONE_NEWNS");
	attempt(CLONE_NEWPID, "clone CLONE_NEWPID");
	attempt(CLONE_NEWUTS, "clone CLONE_NEWUTS");
	attempt(CLONE_NEWIPC, "clone CLONE_NEWIPC");
	attempt(CLONE_NEWNET, "clone CLONE_NEWNET");
	attempt(CLONE_NEWCGROUP, "clone CLONE_NEWCGROUP");
	attempt(CLONE_NEWUSER, "clone CLONE_NEWUSER");
	attempt(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP, "clone of all namespaces");
}

ATTACK(.name = "clone-variants", .goals = READ | EXEC | WRITE)
