/* SPDX-License-Identifier: Apache-2.0 */
/* Opens one file again and again until SIGTERM, or argv[2] times, with a pause of argv[3] µs; says how often it could. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

int main(int argc, char **argv)
{
	unsigned long opened = 0, refused = 0, other = 0;
	unsigned long times = argc > 2 ? strtoul(argv[2], NULL, 10) : ~0UL;
	unsigned long pause_us = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	signal(SIGTERM, stop);
	printf("looping\n");
	fflush(stdout);
	for (unsigned long i = 0; i < times && !stopped; i++) {
		int fd = open(argv[1], O_RDONLY);

		if (fd >= 0) {
			opened++;
			close(fd);
		} else if (errno == EACCES) {
			refused++;
		} else {
			other++;
		}
		if (pause_us)
			usleep(pause_us);
	}
	printf("opened=%lu refused=%lu other=%lu\n", opened, refused, other);
	return 0;
}
