/* Runs a program under a controlling terminal of its own and copies what it writes to stdout.
 *
 *   pty-run [--keep-stderr] [--] PROGRAM [ARG]...
 *
 * With --keep-stderr the program's stderr stays what it is: clients of a container runtime write their own troubles
 * there, while the terminal carries what the contained program says.
 *
 * Statically linked, so that it works in any root. Exit status: the program's, 128 + signal, 126/127 as a shell. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int open_terminal(int *master, int *slave)
{
	char name[64];
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) || unlockpt(*master) || ptsname_r(*master, name, sizeof(name)))
		return -errno;
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		return -errno;
	struct termios mode;
	if (!tcgetattr(*slave, &mode)) {
		/* Output as the program wrote it: no \n to \r\n, no echo of the input. */
		mode.c_oflag &= ~OPOST;
		mode.c_lflag &= ~ECHO;
		tcsetattr(*slave, TCSANOW, &mode);
	}
	return 0;
}

static void write_all(int fd, const char *data, ssize_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, data, size);
		if (done < 0 && errno != EINTR)
			return;
		if (done > 0) {
			data += done;
			size -= done;
		}
	}
}

static void relay(int master)
{
	char buffer[4096];
	struct pollfd ends[2] = { { .fd = master, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	for (;;) {
		if (poll(ends, 2, -1) < 0 && errno != EINTR)
			return;
		if (ends[1].revents) {
			ssize_t size = read(0, buffer, sizeof(buffer));
			if (size > 0)
				write_all(master, buffer, size);
			else
				ends[1].fd = -1;
		}
		if (ends[0].revents) {
			/* EIO: the last holder of the slave side has gone. */
			ssize_t size = read(master, buffer, sizeof(buffer));
			if (size <= 0)
				return;
			write_all(1, buffer, size);
		}
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	char **program = argv + 1;
	int keep_stderr = *program && !strcmp(*program, "--keep-stderr");
	if (keep_stderr)
		program++;
	if (*program && !strcmp(*program, "--"))
		program++;
	if (!*program) {
		fprintf(stderr, "usage: pty-run [--keep-stderr] [--] PROGRAM [ARG]...\n");
		return 125;
	}
	int master = -1, slave = -1;
	int err = open_terminal(&master, &slave);
	if (err) {
		fprintf(stderr, "pty-run: no terminal: %s\n", strerror(-err));
		return 125;
	}
	pid_t child = fork();
	if (child < 0) {
		perror("pty-run: fork");
		return 125;
	}
	if (!child) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 0);
		dup2(slave, 1);
		if (!keep_stderr)
			dup2(slave, 2);
		execvp(program[0], program);
		int why = errno;
		fprintf(stderr, "%s: %s\n", program[0], strerror(why));
		_exit(why == ENOENT ? 127 : 126);
	}
	close(slave);
	relay(master);
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
