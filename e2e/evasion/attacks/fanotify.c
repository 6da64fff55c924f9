/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <poll.h>
#include <signal.h>
#include <sys/fanotify.h>

#include "accomplice.h"

/* A listener is handed descriptors of the files that others open. */
static void run(void)
{
	char buffer[4096];
	struct pollfd ready;
	struct fanotify_event_metadata *event = (void *)buffer;
	int listener = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY), theirs;
	pid_t accomplice;

	if (listener < 0) {
		step_failed("fanotify_init");
		return;
	}
	if (fanotify_mark(listener, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, target) < 0) {
		step_failed("fanotify_mark");
		return;
	}
	if (accomplice_start(&accomplice, &theirs) < 0) {
		step_failed("open by the accomplice");
		return;
	}
	ready = (struct pollfd){ listener, POLLIN, 0 };
	poll(&ready, 1, 2000);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	if (read(listener, buffer, sizeof(buffer)) < 0)
		step_failed("read of the event");
	else if (event->fd >= 0)
		reach_fd(event->fd);
	kill(accomplice, SIGKILL);
	waitpid(accomplice, NULL, 0);
}

ATTACK(.name = "fanotify", .goals = READ, .blocked_source = true, .alert_elsewhere = true)
