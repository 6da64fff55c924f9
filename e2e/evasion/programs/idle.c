/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process: reaps children and waits to be killed. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	for (;;) {
		if (wait(NULL) < 0 && errno == ECHILD)
			usleep(50000);
	}
}
