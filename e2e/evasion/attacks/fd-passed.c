/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <signal.h>
#include <sys/socket.h>

#include "accomplice.h"

/* The descriptor comes over a unix socket from a program that may open the file. */
static void run(void)
{
	char byte;
	struct iovec data = { &byte, 1 };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	struct cmsghdr *header;
	pid_t accomplice;
	int theirs, fd, from = accomplice_start(&accomplice, &theirs);

	if (from < 0) {
		step_failed("open by the accomplice");
		return;
	}
	if (recvmsg(from, &message, 0) < 0 || (header = CMSG_FIRSTHDR(&message)) == NULL) {
		step_failed("recvmsg");
	} else {
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
		reach_fd(fd);
	}
	kill(accomplice, SIGKILL);
	waitpid(accomplice, NULL, 0);
}

ATTACK(.name = "fd-passed", .goals = READ, .blocked_source = true)
