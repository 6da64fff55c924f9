/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest script interpreter: says everything after the script's first line. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[8192];
	char *line;
	ssize_t size;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || (size = read(fd, text, sizeof(text) - 1)) <= 0)
		return 1;
	text[size] = '\0';
	line = strchr(text, '\n');
	return line == NULL || write(STDOUT_FILENO, line + 1, strlen(line + 1)) < 0;
}
