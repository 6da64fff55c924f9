/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include "accomplice.h"

int accomplice_start(pid_t *pid, int *its_descriptor)
{
	char program[PATH_MAX], *slash;
	char *argv[] = { program, target, NULL }, *envp[] = { NULL };
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 16);
	int pair[2];

	if (length < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	program[length] = '\0';
	slash = strrchr(program, '/');
	strcpy(slash + 1, "accomplice");
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, 9);
		dup2(pair[1], STDIN_FILENO);
		execve(program, argv, envp);
		_exit(127);
	}
	close(pair[1]);
	if (recv(pair[0], its_descriptor, sizeof(*its_descriptor), 0) != sizeof(*its_descriptor)) {
		errno = ECHILD;
		return -1;
	}
	if (*its_descriptor < 0) {
		errno = -*its_descriptor;
		return -1;
	}
	return pair[0];
}
