/* readwrite -r PATH prints a file, readwrite -w PATH appends a line to it; nothing but one open and the transfer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int failed(const char *what, const char *path)
{
	fprintf(stderr, "readwrite: %s %s: %s\n", what, path, strerror(errno));
	return 1;
}

static int copy_out(const char *path)
{
	char buffer[4096];
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed("cannot open", path);
	while ((size = read(fd, buffer, sizeof(buffer))) > 0)
		if (write(1, buffer, size) != size)
			return failed("cannot print", path);
	return size < 0 ? failed("cannot read", path) : 0;
}

static int append_line(const char *path)
{
	static const char line[] = "written\n";
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return failed("cannot open", path);
	if (write(fd, line, sizeof(line) - 1) != (ssize_t)sizeof(line) - 1)
		return failed("cannot write", path);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-r"))
		return copy_out(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "-w"))
		return append_line(argv[2]);
	fprintf(stderr, "usage: readwrite -r|-w PATH\n");
	return 2;
}
