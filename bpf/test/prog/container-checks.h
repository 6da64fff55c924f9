/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Checks on workloads that live in a cgroup and a mount namespace of their own. Included by prog-test.c. */

#define CG "/sys/fs/cgroup"
#define ROOTFS "/tmp/rootfs"

static int do_sleep(const char *a, const char *b)
{
	(void)a;
	(void)b;
	return pause();
}

static int do_fork_read(const char *a, const char *b)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		errno = 0;
		_exit(do_read(a, b) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static const struct {
	const char *name;
	int (*fn)(const char *, const char *);
} deeds[] = {
	{ "read", do_read },	       { "fork", do_fork_read },   { "mounts", do_private_mounts },
	{ "user", do_private_user },   { "bind", do_bind },	   { "tmpfs", do_tmpfs },
	{ "overlay", do_overlay },     { "tree", do_open_tree },   { "attach", do_open_tree_attach },
	{ "exec", do_exec },	       { "sleep", do_sleep },	   { "uring", do_uring },
	{ "setns", do_host_mounts },   { "map", do_map_exec },
};

/* What this program does when it is run as a container's program: a deed by its name, the errno as exit code. */
static int inside(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(deeds) / sizeof(*deeds); i++)
		if (!strcmp(deeds[i].name, argv[0])) {
			errno = 0;
			return deeds[i].fn(argv[1], *argv[2] ? argv[2] : 0) < 0 ? errno : 0;
		}
	return 126;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* The runtime's part: into the cgroup, a mount namespace, a root. All of this must be unhindered. */
static int become_container(const char *cgroup)
{
	char path[256];

	snprintf(path, sizeof(path), CG "/%s/cgroup.procs", cgroup);
	write_text(path, "0");
	if (unshare(CLONE_NEWNS) || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0))
		return -1;
	if (mount(ROOTFS, ROOTFS, 0, MS_BIND | MS_REC, 0) || chdir(ROOTFS))
		return -1;
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return -1;
	return open("/secret", O_RDONLY) < 0 ? -1 : mount("proc", "/proc", "proc", 0, 0);
}

static const char *container;

/* Enters a container by exec and does a deed there; "NAME ARGUMENT" in a. */
static int do_in_container(const char *a, const char *b)
{
	char deed[256];
	char *argv[] = { "/prog-test", "--inside", deed, "", (char *)(b ?: ""), 0 };
	char *space;

	snprintf(deed, sizeof(deed), "%s", a);
	space = strchr(deed, ' ');
	*space = 0;
	argv[3] = space + 1;
	if (become_container(container)) {
		errno = ENOTTY;
		return -1;
	}
	return execv("/prog-test", argv);
}

static void container_plan(__u32 workload)
{
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, "/secret", block(5));
	mini_rule(&plan, trees[KA_CLASS_FILE], RECURSIVE, "/etc", block(4));
	mini_rule(&plan, trees[KA_CLASS_EXEC], EXACT, "/tool", block(6));
	plan_bind(workload);
}

static void expect_name(const char *name, __u32 workload)
{
	struct ka_cgroup_name key = {};

	strcpy(key.text, name);
	bpf_map_update_elem(map_fd("cgroup_names"), &key, &workload, BPF_ANY);
}

static void container_checks(void)
{
	struct stat at;
	__u32 workload;
	__u64 id, refused_before;
	pid_t pid;
	int status;

	mkdir(ROOTFS, 0755);
	if (mount("r", ROOTFS, "tmpfs", 0, 0) || system("cd " ROOTFS "; mkdir etc mnt proc tmp sub; cp /proc/$PPID/exe prog-test; echo s > secret; echo p > public; echo x > etc/shadow; cp /bin/busybox tool; cp /bin/busybox other; echo z > sub/z"))
		perror("container set-up");
	expect_name("ka-one.scope", 3);
	mkdir(CG "/ka-pod", 0755);
	mkdir(CG "/ka-pod/ka-one.scope", 0755);
	mkdir(CG "/ka-pod/ka-one.scope/inner", 0755);
	mkdir(CG "/ka-pod/other.scope", 0755);
	container_plan(3);
	container = "ka-pod/ka-one.scope";

	passes("a container's own file", do_in_container, "read /public", 0);
	refused("a container's first program", do_in_container, "read /secret", 0, KA_HOOK_FILE_OPEN, 5, "/secret");
	check(last.event.workload == 3 && !strcmp(last.text[2], "/prog-test") && last.event.exec_id,
	      "the event names the workload, the program inside and the exec session (%u, %s, %llx)", last.event.workload, last.text[2], last.event.exec_id);
	{
		__u32 key = 3, none = 0;

		bpf_map_update_elem(map_fd("workload_entered"), &key, &none, BPF_ANY);
	}
	refused("its child", do_in_container, "fork /secret", 0, KA_HOOK_FILE_OPEN, 5, "/secret");
	check(last.event.exec_id == 0, "the program that starts a workload is no exec session (%llx)", last.event.exec_id);
	refused("a private mount namespace", do_in_container, "mounts /etc/shadow", 0, KA_HOOK_FILE_OPEN, 4, "/etc/shadow");
	refused("user, mount and pid namespaces", do_in_container, "user /etc/shadow", 0, KA_HOOK_FILE_OPEN, 4, "/etc/shadow");
	refused("io_uring inside", do_in_container, "uring /secret", "async", KA_HOOK_FILE_OPEN, 5, "/secret");
	refused("a program inside", do_in_container, "exec /tool", 0, KA_HOOK_SECURITY_BPRM_CHECK, 6, "/tool");
	refused_before = counter(KA_COUNTER_MOUNTS_REFUSED);
	refused("a bind mount inside", do_in_container, "bind /etc", "/mnt", KA_HOOK_SB_MOUNT, 0, "/mnt");
	refused("attaching an open_tree copy", do_in_container, "attach /etc", "/mnt", KA_HOOK_MOVE_MOUNT, 0, "/mnt");
	refused("an overlay of its own files", do_in_container, "overlay /etc:/sub", "/mnt", KA_HOOK_SB_MOUNT, 0, "/mnt");
	check(counter(KA_COUNTER_MOUNTS_REFUSED) == refused_before + 3, "counts refused mounts");
	passes("a fresh tmpfs inside", do_in_container, "tmpfs /mnt", 0);
	refused("a detached copy of a directory", do_in_container, "tree /etc", "shadow", KA_HOOK_FILE_OPEN, 0, "/shadow");
	container = "ka-pod/ka-one.scope/inner";
	refused("a program in a cgroup below the workload's", do_in_container, "read /secret", 0, KA_HOOK_FILE_OPEN, 5, "/secret");
	container = "ka-pod/other.scope";
	passes("a container that no policy is for", do_in_container, "read /secret", 0);
	passes("the host, whose rules are others", do_read, ROOTFS "/secret", 0);

	/* Running before its policy came: bound by id, labelled by the iterator. */
	pid = fork();
	if (!pid)
		_exit(do_in_container("sleep x", 0));
	while (access(ROOTFS "/ready", F_OK) && !waitpid(pid, &status, WNOHANG)) {
		char path[64], comm[32] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, comm, sizeof(comm) - 1) < 0)
			break;
		close(fd);
		if (strstr(comm, "pause"))
			break;
		sched_yield();
	}
	stat(CG "/ka-pod/other.scope", &at);
	id = at.st_ino;
	workload = 4;
	bpf_map_update_elem(map_fd("cgroup_ids"), &id, &workload, BPF_ANY);
	check(run_iterator() == 1 && run_iterator() == 0, "the iterator labels a running task once");
	container_plan(4);
	refused("a later program of a container bound by id", do_in_container, "read /secret", 0, KA_HOOK_FILE_OPEN, 5, "/secret");
	check(last.event.workload == 4 && last.event.exec_id, "which is an exec session, for one was running");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);

	rmdir(CG "/ka-pod/ka-one.scope/inner");
	stat(CG "/ka-pod/ka-one.scope", &at);
	id = at.st_ino;
	check(!bpf_map_lookup_elem(map_fd("cgroup_ids"), &id, &workload) && !rmdir(CG "/ka-pod/ka-one.scope") &&
		      bpf_map_lookup_elem(map_fd("cgroup_ids"), &id, &workload),
	      "forgets a cgroup with its directory");
}
