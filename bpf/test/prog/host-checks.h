/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Checks on workload 0, the host itself. Included by prog-test.c. */

static void refused(const char *what, int (*fn)(const char *, const char *), const char *a, const char *b, int hook,
		    __u32 rule, const char *object)
{
	int err = attempt(fn, a, b);

	check(err == EACCES && events >= 1 && last.event.hook == hook && last.event.rule == rule &&
		      last.event.verdict == KA_BLOCK && !strcmp(last.text[0], object),
	      "blocks %s (errno %d)", what, err);
}

static void passes(const char *what, int (*fn)(const char *, const char *), const char *a, const char *b)
{
	int err = attempt(fn, a, b);

	check(err == 0 && events == 0, "lets %s pass in silence (errno %d)", what, err);
}

static void reported(const char *what, int (*fn)(const char *, const char *), const char *a, const char *b, int hook,
		     __u32 rule, int is_audit)
{
	int err = attempt(fn, a, b);

	check(err == 0 && events == 1 && last.event.hook == hook && last.event.rule == rule &&
		      last.event.verdict == KA_REPORT && last.event.is_audit == is_audit,
	      "reports %s once and lets it pass (errno %d)", what, err);
}

static char *deep_path(int components, const char *name)
{
	static char path[8192];
	char *at = path + sprintf(path, W "/deep");

	for (int i = 0; i < components; i++)
		at += sprintf(at, "/%s", name);
	return path;
}

/* Makes a chain of directories with a file at the end, by relative steps: the whole may exceed PATH_MAX. */
static int chain_make(int components, const char *name)
{
	int fd = open(W "/deep", O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < components; i++) {
		int next;

		mkdirat(fd, name, 0755);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(openat(fd, "f", O_WRONLY | O_CREAT, 0644));
	return fd;
}

static int chain_fd;

static int do_openat_chain(const char *a, const char *b)
{
	(void)b;
	return openat(chain_fd, a, O_RDONLY);
}

static void host_files(void)
{
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/secret", block(5));
	mini_rule(&plan, trees[KA_CLASS_FILE], RECURSIVE, W "/tree", block(4));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/tree/open", allow(6));
	mini_rule(&plan, trees[KA_CLASS_FILE], DIRECTORY, W "/flat", block(3));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/ro", block_unless(7, KA_ACCESS_WRITE, 0));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/owned", block_unless(8, KA_ACCESS_OWNER, KA_ACCESS_OWNER));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/watched", audit(9));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/made", block(10));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/with space\xff\xfe", block(11));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/p/q/r", block(12));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/bound/x", block(13));
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, "/ka-root/a", block(14));
	plan_bind(KA_HOST_WORKLOAD);

	refused("an open", do_read, W "/secret", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	check(last.event.workload == 0 && last.event.revision == revision && last.event.syscall == SYS_openat &&
		      !strcmp(last.event.comm, "prog-test") && strstr(last.text[2], "prog-test") &&
		      strstr(last.text[4], "prog-test") && last.text[5][0] == '/' && last.event.host_pid != (__u32)getpid() &&
		      last.event.host_ppid == (__u32)getpid() && last.event.header.abi_version == KA_ABI_VERSION &&
		      last.event.boot_ns && last.event.count == 1 && strstr(last.text[3], "prog-test"),
	      "an event says who did it, from where, by which call (exe %s parent %s cmdline %s cwd %s sys %d)", last.text[2],
	      last.text[3], last.text[4], last.text[5], last.event.syscall);
	passes("an open next door", do_read, W "/public", 0);
	passes("a namespace's file", do_read, "/proc/self/ns/mnt", 0);
	refused("a new pid and mount namespace", do_private_pids, W "/secret", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	passes("a longer name", do_read, W "/secret2", 0);
	refused("a symlink's target", do_read, W "/link", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("a relative path", do_in_dir, W, "../ka/./secret", KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("/proc/self/root", do_read, "/proc/self/root" W "/secret", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("openat2", do_openat2, W "/secret", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("reopening an O_PATH descriptor", do_reopen, W "/secret", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("io_uring", do_uring, W "/secret", 0, KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("io_uring's worker", do_uring, W "/secret", "async", KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("a file handle", do_handle, W "/secret", W, KA_HOOK_FILE_OPEN, 5, W "/secret");
	refused("a name with a space and wild bytes", do_read, W "/with space\xff\xfe", 0, KA_HOOK_FILE_OPEN, 11, W "/with space\xff\xfe");
	refused("below a directory", do_read, W "/tree/a/b", 0, KA_HOOK_FILE_OPEN, 4, W "/tree/a/b");
	refused("the directory itself", do_read, W "/tree", 0, KA_HOOK_FILE_OPEN, 4, W "/tree");
	passes("an allowed exception", do_read, W "/tree/open", 0);
	refused("a direct child", do_read, W "/flat/a", 0, KA_HOOK_FILE_OPEN, 3, W "/flat/a");
	passes("a grandchild of a flat directory", do_read, W "/flat/d/a", 0);
	passes("reading a read-only file", do_read, W "/ro", 0);
	refused("writing a read-only file", do_write, W "/ro", 0, KA_HOOK_FILE_OPEN, 7, W "/ro");
	passes("the owner", do_read, W "/owned", 0);
	refused("another user", do_read_as_other, W "/owned", 0, KA_HOOK_FILE_OPEN, 8, W "/owned");
	reported("an audited open", do_read, W "/watched", 0, KA_HOOK_FILE_OPEN, 9, 1);
	reported("an audited truncate", do_truncate, W "/watched", 0, KA_HOOK_FILE_TRUNCATE, 9, 1);
	reported("an audited chmod", do_chmod, W "/watched", 0, KA_HOOK_FILE_CHMOD, 9, 1);
	reported("an audited chown", do_chown, W "/watched", 0, KA_HOOK_FILE_CHOWN, 9, 1);

	refused("creating", do_create, W "/made", 0, KA_HOOK_FILE_MKNOD, 10, W "/made");
	refused("mkdir", do_mkdir, W "/made", 0, KA_HOOK_FILE_MKDIR, 10, W "/made");
	refused("mknod", do_mknod, W "/made", 0, KA_HOOK_FILE_MKNOD, 10, W "/made");
	refused("symlink", do_symlink, W "/made", W "/public", KA_HOOK_FILE_SYMLINK, 10, W "/made");
	refused("rmdir", do_rmdir, W "/tree/a/e", 0, KA_HOOK_FILE_RMDIR, 4, W "/tree/a/e");
	refused("unlink", do_unlink, W "/secret", 0, KA_HOOK_FILE_UNLINK, 5, W "/secret");
	refused("truncate", do_truncate, W "/ro", 0, KA_HOOK_FILE_TRUNCATE, 7, W "/ro");
	refused("chmod", do_chmod, W "/secret", 0, KA_HOOK_FILE_CHMOD, 5, W "/secret");
	refused("chown", do_chown, W "/secret", 0, KA_HOOK_FILE_CHOWN, 5, W "/secret");
	refused("a hard link", (void *)link, W "/secret", W "/alias", KA_HOOK_FILE_LINK, 5, W "/secret");
	check(!strcmp(last.text[1], W "/alias"), "a link's event names both paths");
	refused("a hard link onto a blocked name", (void *)link, W "/public", W "/made", KA_HOOK_FILE_LINK, 10, W "/made");
	refused("renaming it away", (void *)rename, W "/secret", W "/moved", KA_HOOK_FILE_RENAME, 5, W "/secret");
	refused("renaming onto it", (void *)rename, W "/public", W "/secret", KA_HOOK_FILE_RENAME, 5, W "/secret");
	refused("exchanging with it", do_exchange, W "/public", W "/secret", KA_HOOK_FILE_RENAME, 5, W "/secret");
	refused("renaming its parent", (void *)rename, W "/p/q", W "/p/z", KA_HOOK_FILE_RENAME, 0, W "/p/q");
	refused("renaming its grandparent", (void *)rename, W "/p", W "/z", KA_HOOK_FILE_RENAME, 0, W "/p");
	refused("exchanging its parent", do_exchange, W "/other", W "/p", KA_HOOK_FILE_RENAME, 0, W "/p");
	passes("renaming a directory that no rule is below", (void *)rename, W "/other", W "/other2");
	passes("renaming it back", (void *)rename, W "/other2", W "/other");

	mount("/ka-root", W "/bound2", 0, MS_BIND, 0);
	refused("a bind mount of the root file system", do_read, W "/bound2/a", 0, KA_HOOK_FILE_OPEN, 14, "/ka-root/a");
	umount(W "/bound2");
	mount("t", W "/bound", "tmpfs", 0, 0);
	file_make(W "/bound/y");
	refused("creating across a mount", do_create, W "/bound/x", 0, KA_HOOK_FILE_MKNOD, 13, W "/bound/x");
	passes("its neighbour across a mount", do_read, W "/bound/y", 0);
	umount(W "/bound");

	unbind(KA_HOST_WORKLOAD);
	passes("everything without a plan", do_read, W "/secret", 0);
}

static void host_long_paths(void)
{
	static char name[204];
	__u64 denied;

	memset(name, 'n', 200);
	chain_fd = chain_make(100, "c");
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, strcat(deep_path(100, "c"), "/f"), block(2));
	plan_bind(KA_HOST_WORKLOAD);
	refused("a path of 100 components", do_openat_chain, "f", 0, KA_HOOK_FILE_OPEN, 2, strcat(deep_path(100, "c"), "/f"));
	unbind(KA_HOST_WORKLOAD);

	chain_fd = chain_make(19, name);
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, strcat(deep_path(19, name), "/f"), block(2));
	plan_bind(KA_HOST_WORKLOAD);
	refused("a path of 3,800 bytes", do_openat_chain, "f", 0, KA_HOOK_FILE_OPEN, 2, strcat(deep_path(19, name), "/f"));
	unbind(KA_HOST_WORKLOAD);

	chain_fd = chain_make(22, name);
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/secret", block(2));
	plan_bind(KA_HOST_WORKLOAD);
	denied = counter(KA_COUNTER_PATH_UNBUILT_DENIED);
	check(attempt(do_openat_chain, "f", 0) == EACCES && events == 1 && last.event.rule == 0 &&
		      counter(KA_COUNTER_PATH_UNBUILT_DENIED) == denied + 1,
	      "denies and counts a path beyond 4,095 bytes");
	plan.header->cls[KA_CLASS_FILE].flags = KA_CLASS_SPEAKS;
	check(attempt(do_openat_chain, "f", 0) == 0, "lets it pass where nothing can block");
	unbind(KA_HOST_WORKLOAD);
}

static int held_fd;

static int do_write_held(const char *a, const char *b)
{
	(void)b;
	return write(held_fd, a, 1);
}

static int do_ftruncate_held(const char *a, const char *b)
{
	(void)a;
	(void)b;
	return ftruncate(held_fd, 3);
}

static void host_held_descriptor(void)
{
	held_fd = open(W "/ro", O_WRONLY | O_APPEND);
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/ro", block_unless(7, KA_ACCESS_WRITE, 0));
	plan_bind(KA_HOST_WORKLOAD);
	refused("a write through a descriptor opened before", do_write_held, "x", 0, KA_HOOK_FILE_PERMISSION, 7, W "/ro");
	refused("an ftruncate through it", do_ftruncate_held, 0, 0, KA_HOOK_FILE_TRUNCATE, 7, W "/ro");
	unbind(KA_HOST_WORKLOAD);
	close(held_fd);
}

static void host_exec(void)
{
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_EXEC], EXACT, W "/bin/tool", block(3));
	mini_rule(&plan, trees[KA_CLASS_EXEC], EXACT, W "/bin/seen", audit(4));
	mini_rule(&plan, trees[KA_CLASS_EXEC], RECURSIVE, W "/sbin", block(2));
	plan_bind(KA_HOST_WORKLOAD);
	refused("running a program", do_exec, W "/bin/tool", 0, KA_HOOK_SECURITY_BPRM_CHECK, 3, W "/bin/tool");
	check(last.event.cmdline_len == 19 && !memcmp(last.text[4], "shown\0-x\0two words\0", 19) && strstr(last.text[2], "prog-test"),
	      "an exec event has the new program's arguments and the caller (cmdline_len %u, exe %s)", last.event.cmdline_len, last.text[2]);
	reported("an audited program", do_exec, W "/bin/seen", 0, KA_HOOK_SECURITY_BPRM_CHECK, 4, 1);
	passes("another program", do_exec, W "/bin/other", 0);
	passes("reading the program", do_read, W "/bin/tool", 0);
	refused("mapping it as the loader does", do_map_exec, W "/bin/tool", 0, KA_HOOK_MMAP_FILE, 3, W "/bin/tool");
	refused("making a mapping of it executable", do_map_then_exec, W "/bin/tool", 0, KA_HOOK_MMAP_FILE, 3, W "/bin/tool");
	passes("mapping a library", do_map_exec, W "/sbin/libx.so.1", 0);
	passes("mapping another file", do_map_exec, W "/bin/other", 0);
	refused("linking it to a free name", (void *)link, W "/bin/tool", W "/bin/tool2", KA_HOOK_FILE_LINK, 3, W "/bin/tool");
	refused("renaming it to a free name", (void *)rename, W "/bin/tool", W "/bin/tool2", KA_HOOK_FILE_RENAME, 3, W "/bin/tool");
	refused("renaming its directory", (void *)rename, W "/bin", W "/bin2", KA_HOOK_FILE_RENAME, 0, W "/bin");
	unbind(KA_HOST_WORKLOAD);
}

static int do_run_mapper(const char *a, const char *b)
{
	char *argv[] = { (char *)a, "--inside", "map", (char *)b, "", 0 };

	return execv(a, argv);
}

static void host_posture(void)
{
	plan_new();
	mini_rule(&plan, trees[KA_CLASS_EXEC], RECURSIVE, "/bin", allow(1));
	mini_rule(&plan, trees[KA_CLASS_EXEC], RECURSIVE, "/usr/bin", allow(5));
	mini_rule(&plan, trees[KA_CLASS_EXEC], RECURSIVE, W "/bin", allow(2));
	mini_rule(&plan, trees[KA_CLASS_EXEC], RECURSIVE, "/lib64", allow(3));
	mini_rule(&plan, trees[KA_CLASS_EXEC], RECURSIVE, "/lib", allow(4));
	plan.header->cls[KA_CLASS_EXEC].unmatched.decide = KA_BLOCK;
	plan_bind(KA_HOST_WORKLOAD);
	passes("a program on the whitelist", do_exec, W "/bin/other", 0);
	refused("a program that is not", do_exec, W "/sbin/x", 0, KA_HOOK_SECURITY_BPRM_CHECK, 0, W "/sbin/x");
	refused("a program in memory", do_memfd_exec, "/bin/busybox", 0, KA_HOOK_SECURITY_BPRM_CHECK, 0, "/memfd:sneaky");
	refused("renaming an unlisted program onto the list", (void *)rename, W "/sbin/x", W "/bin/x", KA_HOOK_FILE_RENAME, 0, W "/sbin/x");
	refused("renaming an unlisted directory onto the list", (void *)rename, W "/other", W "/bin/other3", KA_HOOK_FILE_RENAME, 0, W "/other");
	passes("mapping an unlisted plug-in", do_map_exec, W "/sbin/x", 0);
	refused("a loader mapping an unlisted program", do_run_mapper, W "/bin/ld-own.so.2", W "/sbin/x", KA_HOOK_MMAP_FILE, 0, W "/sbin/x");
	plan.header->cls[KA_CLASS_EXEC].unmatched.decide = KA_REPORT;
	reported("an unlisted program under audit posture", do_exec, W "/sbin/x", 0, KA_HOOK_SECURITY_BPRM_CHECK, 0, 0);
	unbind(KA_HOST_WORKLOAD);
}

static int do_raw_socket(const char *a, const char *b)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	(void)a;
	(void)b;
	return fd < 0 ? -1 : close(fd);
}

static int do_chroot(const char *a, const char *b)
{
	(void)b;
	return chroot(a);
}

static void host_capabilities(void)
{
	const char raw[] = { 13 + KA_CAPABILITY_KEY, 0 }, chroots[] = { 18 + KA_CAPABILITY_KEY, 0 };
	int err;

	plan_new();
	mini_rule(&plan, trees[KA_CLASS_CAPABILITY], EXACT, raw, block(3));
	mini_rule(&plan, trees[KA_CLASS_CAPABILITY], EXACT, chroots, audit(4));
	plan_bind(KA_HOST_WORKLOAD);
	err = attempt(do_raw_socket, 0, 0);
	check(err == EPERM && events == 1 && last.event.cls == KA_CLASS_CAPABILITY && last.event.hook == KA_HOOK_CAPABLE &&
		      last.event.rule == 3 && !strcmp(last.text[0], raw) && strstr(last.text[2], "prog-test"),
	      "refuses a capability and says who wanted it (errno %d, %d events)", err, events);
	reported("an audited capability", do_chroot, "/", 0, KA_HOOK_CAPABLE, 4, 1);
	plan.header->cls[KA_CLASS_CAPABILITY].unmatched.decide = KA_BLOCK;
	err = attempt((void *)sethostname, "x", (void *)1);
	check(err == EPERM && last.event.rule == 0 && last.event.cls == KA_CLASS_CAPABILITY,
	      "refuses what no rule allows (errno %d)", err);
	unbind(KA_HOST_WORKLOAD);
	passes("a raw socket without a plan", do_raw_socket, 0, 0);
}

static int do_run_reader(const char *a, const char *b)
{
	char *argv[] = { (char *)a, "--inside", "read", (char *)b, "", 0 };

	return execv(a, argv);
}

/* Two copies of this very program, one of which may read. */
static void host_source(void)
{
	struct mini_node *sources = mini_node();
	struct ka_source_plan *table;
	struct mini_node *own = mini_node();
	__u32 at;

	plan_new();
	mini_rule(&plan, trees[KA_CLASS_FILE], EXACT, W "/secret", block(3));
	mini_rule(&plan, own, EXACT, W "/secret", allow(7));
	mini_reach(sources, W "/bin/reader1")->value = 1;
	plan.header->source_root = mini_root(&plan, sources, 1);
	plan.header->source_count = 1;
	at = mini_take(&plan, 2 * sizeof(*table), 64);
	table = (void *)(arena + at);
	plan.header->sources = at - plan.at;
	table[1].root[KA_CLASS_FILE][0] = mini_root(&plan, own, 0);
	plan_bind(KA_HOST_WORKLOAD);
	passes("the source that a rule names", do_run_reader, W "/bin/reader1", W "/secret");
	refused("another source", do_run_reader, W "/bin/reader2", W "/secret", KA_HOOK_FILE_OPEN, 3, W "/secret");
	unbind(KA_HOST_WORKLOAD);
}

static void host_checks(void)
{
	static const char *const dirs[] = { "", "/tree", "/tree/a", "/tree/a/e", "/flat", "/flat/d", "/p", "/p/q", "/other", "/bound", "/bound2", "/deep", "/bin", "/sbin" };
	static const char *const files[] = { "/secret", "/secret2", "/public", "/tree/a/b", "/tree/open", "/flat/a", "/flat/d/a", "/ro", "/owned", "/watched", "/with space\xff\xfe", "/p/q/r", "/bin/tool", "/bin/seen", "/bin/other", "/sbin/x", "/sbin/libx.so.1" };
	char path[256];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), W "%s", dirs[i]);
		mkdir(path, 0755);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), W "%s", files[i]);
		file_make(path);
	}
	mkdir("/ka-root", 0755);
	file_make("/ka-root/a");
	if (symlink("secret", W "/link") || system("cp /proc/$PPID/exe " W "/bin/reader1 && cp /proc/$PPID/exe " W "/bin/reader2 && cp /proc/$PPID/exe " W "/bin/ld-own.so.2"))
		perror("set-up");
	host_files();
	host_long_paths();
	host_held_descriptor();
	host_exec();
	host_posture();
	host_source();
	host_capabilities();
}
