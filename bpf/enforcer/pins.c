/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static bool on_bpffs(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

int pins_open(const char *dir, struct failure *failure)
{
	int fd;

	if (!strncmp(dir, "/sys/fs/bpf/", 12) && !on_bpffs("/sys/fs/bpf") && mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700"))
		return failed(failure, EXIT_PINS, -errno, "/sys/fs/bpf: cannot mount bpffs");
	if (mkdir(dir, 0700) && errno != EEXIST)
		return failed(failure, EXIT_PINS, -errno, "%s: cannot make the directory of the pins", dir);
	if (!on_bpffs(dir))
		return failed(failure, EXIT_PINS, -EINVAL, "%s: not on a bpffs", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(failure, EXIT_PINS, -errno, "%s: cannot open", dir);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = -errno;

		close(fd);
		return failed(failure, err == -EWOULDBLOCK ? EXIT_BUSY : EXIT_PINS, err, "%s: locked", dir);
	}
	return fd;
}

int pins_each(const char *dir, int (*visit)(void *ctx, const char *dir, const char *name), void *ctx)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	int answer = 0;

	if (!list)
		return errno == ENOENT ? 0 : -errno;
	while (!answer && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			answer = visit(ctx, dir, entry->d_name);
	closedir(list);
	return answer;
}

static int remove_one(void *ctx, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat entry;
	int held, err = 0;

	(void)ctx;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (lstat(path, &entry))
		return -errno;
	if (S_ISDIR(entry.st_mode))
		return pins_remove(path);
	/*
	 * A link that loses its pin last is freed later, by a work queue; one that loses its descriptor last is detached
	 * when close returns (kernel/bpf/syscall.c, bpf_link_put and bpf_link_release).
	 */
	held = bpf_obj_get(path);
	if (unlink(path))
		err = -errno;
	if (held >= 0)
		close(held);
	return err;
}

int pins_remove(const char *dir)
{
	char links[PATH_MAX];
	int err;

	snprintf(links, sizeof(links), "%s/links", dir);
	if (pins_exist(links)) {
		err = pins_remove(links);
		if (err)
			return err;
	}
	err = pins_each(dir, remove_one, NULL);
	if (err)
		return err;
	return rmdir(dir) && errno != ENOENT ? -errno : 0;
}

bool pins_exist(const char *dir)
{
	return access(dir, F_OK) == 0;
}
