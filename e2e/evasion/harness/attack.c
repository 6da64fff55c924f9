/* SPDX-License-Identifier: Apache-2.0 */
#include "attack.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "layout.h"

unsigned goal;
char case_dir[PATH_MAX];
char vault[PATH_MAX];
char target[2 * PATH_MAX];
char scratch[PATH_MAX];

#define SECRET "KA-PROTECTED"
#define CHANGED "KA-CHANGED"

/* Lives in shared memory: forks, threads and vforks of the attack write to the same record. */
struct record {
	bool escaped;
	bool denied;
	int deciding_errno;
	int first_errno;
	char how[256];
	char first[256];
};
static struct record *record;
static const struct attack_spec *current;
static struct snapshot before;

const char *open_path(const char *name)
{
	static char buffers[8][PATH_MAX];
	static unsigned next;
	char *buffer = buffers[next++ % 8];

	snprintf(buffer, PATH_MAX, "%.3000s/%s", scratch, name);
	return buffer;
}

const char *decoy_path(void)
{
	return open_path("decoy");
}

bool step_failed(const char *step)
{
	int error = errno;

	if (error == EACCES && !record->denied) {
		record->denied = true;
		record->deciding_errno = error;
		snprintf(record->how, sizeof(record->how), "%s", step);
	}
	if (record->first[0] == '\0') {
		record->first_errno = error;
		snprintf(record->first, sizeof(record->first), "%s", step);
	}
	return false;
}

bool escaped(const char *how)
{
	if (!record->escaped) {
		record->escaped = true;
		snprintf(record->how, sizeof(record->how), "%s", how);
	}
	return true;
}

bool has_escaped(void)
{
	return record->escaped;
}

bool holds_secret(const char *bytes, size_t size, const char *how)
{
	if (memmem(bytes, size, SECRET, strlen(SECRET)) != NULL)
		return escaped(how);
	errno = ENODATA;
	return step_failed(how);
}

bool reach_fd(int fd)
{
	char bytes[4096];
	ssize_t got;

	if (goal == WRITE) {
		if (pwrite(fd, CHANGED, strlen(CHANGED), 0) < 0)
			return step_failed("write");
		return false;
	}
	got = pread(fd, bytes, sizeof(bytes), 0);
	if (got < 0)
		return step_failed("read");
	return holds_secret(bytes, (size_t)got, "read");
}

struct exec_at {
	int dirfd;
	const char *path;
};

static void exec_at(void *arg)
{
	struct exec_at *what = arg;
	char *argv[] = { (char *)"target", NULL };
	char *envp[] = { NULL };

	if (what->dirfd == AT_FDCWD)
		execve(what->path, argv, envp);
	else
		syscall(SYS_execveat, what->dirfd, what->path, argv, envp, 0);
}

bool reach_at(int dirfd, const char *path)
{
	struct exec_at what = { dirfd, path };
	bool result;
	int fd;

	if (goal == EXEC)
		return reach_exec(exec_at, &what, "exec");
	fd = openat(dirfd, path, (goal == WRITE ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return step_failed("open");
	result = reach_fd(fd);
	close(fd);
	return result;
}

bool reach_path(const char *path)
{
	return reach_at(AT_FDCWD, path);
}

bool reach_exec(void (*fn)(void *), void *arg, const char *how)
{
	int out[2], failure[2], error = 0;
	char bytes[4096];
	size_t size = 0;
	ssize_t got;
	pid_t child;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0)
		return step_failed("pipe");
	child = fork();
	if (child < 0)
		return step_failed("fork");
	if (child == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		fn(arg);
		error = errno;
		if (write(failure[1], &error, sizeof(error)) < 0)
			_exit(126);
		_exit(127);
	}
	close(out[1]);
	close(failure[1]);
	while (size < sizeof(bytes) && (got = read(out[0], bytes + size, sizeof(bytes) - size)) > 0)
		size += (size_t)got;
	got = read(failure[0], &error, sizeof(error));
	close(out[0]);
	close(failure[0]);
	waitpid(child, NULL, 0);
	if (memmem(bytes, size, SECRET, strlen(SECRET)) != NULL)
		return escaped(how);
	/* A loader or an interpreter that was let run reports in words what it was denied. */
	if (memmem(bytes, size, "Permission denied", 17) != NULL || memmem(bytes, size, "failed to map segment", 21) != NULL)
		error = EACCES;
	else if (got != (ssize_t)sizeof(error))
		error = ENODATA;
	errno = error;
	return step_failed(how);
}

void in_child(void (*fn)(void *), void *arg)
{
	pid_t child = fork();

	if (child < 0) {
		step_failed("fork");
		return;
	}
	if (child == 0) {
		fn(arg);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

bool become_user_root(int extra_flags)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER | extra_flags) < 0)
		return step_failed("unshare user namespace");
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_text("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_text("/proc/self/gid_map", map);
	return true;
}

static void print_json_text(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20 || *at >= 0x7f)
			printf("\\u%04x", *at);
		else
			putchar(*at);
	}
	putchar('"');
}

static const char *goal_name(unsigned one)
{
	return one == READ ? "read" : one == EXEC ? "exec" : "write";
}

static int report(void)
{
	bool unsettled = !record->escaped && !record->denied;

	if (goal == WRITE && !record->escaped) {
		const char *change = snapshot_change(&before);

		if (change != NULL) {
			escaped(change);
			unsettled = false;
		}
	}
	printf("{\"attack\":\"%s\",\"goal\":\"%s\",\"target\":", current->name, goal_name(goal));
	print_json_text(target);
	printf(",\"got\":\"%s\",\"errno\":\"%s\",\"detail\":",
	       record->escaped ? "escaped" : record->denied ? "denied" : "impossible",
	       record->escaped ? "0" :
	       record->denied  ? strerrorname_np(record->deciding_errno) :
	       record->first[0] ? strerrorname_np(record->first_errno) : "0");
	print_json_text(unsettled ? (record->first[0] ? record->first : "no effect") : record->how);
	printf("}\n");
	fflush(stdout);
	return 0;
}

static int describe(const struct attack_spec *spec)
{
	printf("{\"attack\":\"%s\",\"goals\":[", spec->name);
	for (unsigned one = READ, listed = 0; one <= WRITE; one <<= 1)
		if (spec->goals & one)
			printf("%s\"%s\"", listed++ ? "," : "", goal_name(one));
	printf("],\"rule\":\"%s\",\"alert\":\"%s\",\"alertNames\":\"%s\",\"blockedSource\":%s,\"destructive\":%s}\n",
	       spec->directory_rule ? "directory" : "path", spec->alert_elsewhere ? "elsewhere" : "target",
	       spec->alert_names ? spec->alert_names : "",
	       spec->blocked_source ? "true" : "false", spec->destructive ? "true" : "false");
	return 0;
}

static int prepare(const struct attack_spec *spec)
{
	int failed = layout_prepare(spec->layout);

	if (failed != 0)
		return failed;
	printf("{\"attack\":\"%s\",\"goal\":\"%s\",\"target\":", spec->name, goal_name(goal));
	print_json_text(target);
	printf("}\n");
	return 0;
}

static unsigned parse_goal(const char *name)
{
	for (unsigned one = READ; one <= WRITE; one <<= 1)
		if (strcmp(name, goal_name(one)) == 0)
			return one;
	return 0;
}

int attack_main(int argc, char **argv, const struct attack_spec *spec, void (*run)(void))
{
	const char *verb = argc > 1 ? argv[1] : "";
	const char *place = argc > 3 ? argv[3] : "/case";

	current = spec;
	if (strlen(place) > 300) {
		fprintf(stderr, "%s: case directory is longer than 300 bytes\n", spec->name);
		return 2;
	}
	snprintf(case_dir, sizeof(case_dir), "%s", place);
	snprintf(vault, sizeof(vault), "%.3000s/vault", place);
	snprintf(scratch, sizeof(scratch), "%.3000s/open", place);
	layout_target(spec->layout, target, sizeof(target));
	if (strcmp(verb, "describe") == 0)
		return describe(spec);
	goal = argc == 4 ? parse_goal(argv[2]) : 0;
	if (goal == 0 || (spec->goals & goal) == 0) {
		fprintf(stderr, "usage: %s describe | prepare GOAL CASE | attack GOAL CASE\n", spec->name);
		return 2;
	}
	if (strcmp(verb, "prepare") == 0)
		return prepare(spec);
	if (strcmp(verb, "attack") != 0) {
		fprintf(stderr, "%s: no such verb: %s\n", spec->name, verb);
		return 2;
	}
	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (record == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	if (goal == WRITE)
		snapshot_take(&before);
	run();
	return report();
}
