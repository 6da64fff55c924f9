/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <sys/xattr.h>

#define TOKEN "KA-PROTECTED token\n"
#define LONG_COMPONENT 200

static void append(char *path, size_t size, const char *component)
{
	size_t used = strlen(path);

	snprintf(path + used, size - used, "/%s", component);
}

void layout_target(enum layout layout, char *path, size_t size)
{
	char component[LONG_COMPONENT + 1];
	size_t wanted = layout == LAYOUT_LONG ? 4000 : PATH_MAX + 600;

	snprintf(path, size, "%s", vault);
	switch (layout) {
	case LAYOUT_DEEP:
		for (int i = 0; i < 100; i++)
			append(path, size, "d");
		append(path, size, "target");
		break;
	case LAYOUT_LONG:
	case LAYOUT_BEYOND:
		memset(component, 'x', LONG_COMPONENT);
		component[LONG_COMPONENT] = '\0';
		while (strlen(path) + 2 * LONG_COMPONENT + 2 < wanted)
			append(path, size, component);
		memset(component, 'y', LONG_COMPONENT);
		component[wanted - strlen(path) - 1 > LONG_COMPONENT ? LONG_COMPONENT / 2 : 1] = '\0';
		append(path, size, component);
		memset(component, 'z', LONG_COMPONENT);
		if (wanted > strlen(path) + 1 && wanted - strlen(path) - 1 <= LONG_COMPONENT)
			component[wanted - strlen(path) - 1] = '\0';
		append(path, size, component);
		break;
	case LAYOUT_SPACES:
		append(path, size, " two  spaces 'and' \"quotes\"\nand a line\ttab ");
		break;
	case LAYOUT_BYTES:
		append(path, size, "\xff\xfe-\xc3(-\x80\x01");
		break;
	default:
		append(path, size, "target");
	}
}

static int fail(const char *what)
{
	fprintf(stderr, "prepare %s: %s: %s\n", case_dir, what, strerror(errno));
	return 1;
}

/* The folder of the running program holds the other programs too. */
static void beside_self(char *path, size_t size, const char *name)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash != NULL ? slash + 1 : path, size - (size_t)(slash != NULL ? slash + 1 - path : 0), "%s", name);
}

static int write_file(int dirfd, const char *name, const char *bytes, size_t size, mode_t mode)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0)
		return fail(name);
	if (write(fd, bytes, size) != (ssize_t)size || fchmod(fd, mode) < 0) {
		close(fd);
		return fail(name);
	}
	close(fd);
	return 0;
}

static int copy_program(int dirfd, const char *name, const char *program)
{
	char from[PATH_MAX];
	static char bytes[4 << 20];
	ssize_t size;
	int fd;

	beside_self(from, sizeof(from), program);
	fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(from);
	size = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (size <= 0)
		return fail(from);
	return write_file(dirfd, name, bytes, (size_t)size, 0755);
}

static int make_script(int dirfd, const char *name, const char *interpreter)
{
	char text[PATH_MAX + 64];
	int size = snprintf(text, sizeof(text), "#!%.3000s\nKA-PROTECTED script\n", interpreter);

	return write_file(dirfd, name, text, (size_t)size, 0755);
}

static int put_target(enum layout layout, int dirfd, const char *name)
{
	if (layout == LAYOUT_DYNAMIC)
		return copy_program(dirfd, name, "victim-dynamic");
	if (layout == LAYOUT_FLAT)
		return copy_program(dirfd, name, "victim-flat");
	if (layout == LAYOUT_SCRIPT)
		return make_script(dirfd, name, open_path("interpreter"));
	if (layout == LAYOUT_INTERPRETER)
		return copy_program(dirfd, name, "interpreter");
	if (goal == EXEC)
		return copy_program(dirfd, name, "victim");
	return write_file(dirfd, name, TOKEN, strlen(TOKEN), 0644);
}

static int put_scratch(enum layout layout)
{
	int dirfd = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int failed;

	if (dirfd < 0)
		return fail(scratch);
	failed = goal == EXEC ? copy_program(dirfd, "decoy", "harmless") :
				write_file(dirfd, "decoy", "harmless\n", 9, 0644);
	if (layout == LAYOUT_DYNAMIC)
		failed |= copy_program(dirfd, "ld.so", "ld.so");
	if (layout == LAYOUT_SCRIPT)
		failed |= copy_program(dirfd, "interpreter", "interpreter");
	if (layout == LAYOUT_INTERPRETER)
		failed |= make_script(dirfd, "script", target);
	close(dirfd);
	return failed;
}

/* Walks down by one component at a time, since the whole path may be longer than any system call takes. */
int layout_prepare(enum layout layout)
{
	char *rest = strdup(target + 1), *slash;
	int dirfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), failed;

	while ((slash = strchr(rest, '/')) != NULL) {
		int next;

		*slash = '\0';
		if (mkdirat(dirfd, rest, 0755) < 0 && errno != EEXIST)
			return fail("mkdir");
		next = openat(dirfd, rest, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			return fail("open directory");
		close(dirfd);
		dirfd = next;
		rest = slash + 1;
	}
	if (mkdir(scratch, 0777) < 0 && errno != EEXIST)
		return fail(scratch);
	failed = put_target(layout, dirfd, rest);
	close(dirfd);
	return failed | put_scratch(layout);
}

void snapshot_take(struct snapshot *into)
{
	int fd = open(target, O_RDONLY | O_CLOEXEC);

	memset(into, 0, sizeof(*into));
	into->readable = stat(target, &into->stat) == 0;
	into->size = -1;
	if (fd >= 0) {
		into->size = read(fd, into->bytes, sizeof(into->bytes));
		close(fd);
	}
}

const char *snapshot_change(const struct snapshot *since)
{
	struct snapshot now;
	char value[16];

	snapshot_take(&now);
	if (!since->readable)
		return NULL;
	if (!now.readable)
		return "the object is gone from its path";
	if (now.stat.st_ino != since->stat.st_ino || now.stat.st_dev != since->stat.st_dev)
		return "another object stands at the path";
	if (now.stat.st_size != since->stat.st_size)
		return "size changed";
	if (now.size >= 0 && since->size >= 0 && memcmp(now.bytes, since->bytes, sizeof(now.bytes)) != 0)
		return "bytes changed";
	if (now.stat.st_mode != since->stat.st_mode)
		return "mode changed";
	if (now.stat.st_uid != since->stat.st_uid || now.stat.st_gid != since->stat.st_gid)
		return "owner changed";
	if (now.stat.st_mtim.tv_sec != since->stat.st_mtim.tv_sec || now.stat.st_mtim.tv_nsec != since->stat.st_mtim.tv_nsec)
		return "modification time changed";
	if (getxattr(target, "user.evasion", value, sizeof(value)) >= 0)
		return "extended attribute added";
	return NULL;
}
