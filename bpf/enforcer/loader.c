/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "../abi/pinned.h"
#include "hook.h"
#include "loader.h"
#include "pins.h"
#include "kubearmor.skel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>

const __u8 loader_build[32] = {
#include "build_hash.h"
};

#define MAP_NAME(name) #name,
static const char *const map_names[MAP_COUNT] = { LOADER_MAPS(MAP_NAME) };
#undef MAP_NAME

#define VISITS_MAX 64

/* A plan-sized arena is not needed to see whether the verifier accepts a program. */
#define TRIAL_ARENA_SIZE (64u << 10)

static const char *target_of(const struct bpf_program *prog)
{
	const char *slash = strchr(bpf_program__section_name(prog), '/');

	return slash ? slash + 1 : "";
}

static bool is_lsm(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_LSM;
}

static bool is_iterator(const struct bpf_program *prog)
{
	return bpf_program__expected_attach_type(prog) == BPF_TRACE_ITER;
}

/* Without these nothing is enforced, or nobody is known: all others narrow what is enforced and the hello says so. */
static bool is_essential(const struct bpf_program *prog)
{
	enum ka_hook hook = is_lsm(prog) ? hook_of_target(target_of(prog)) : KA_HOOK_NONE;

	return hook == KA_HOOK_NONE || hook == KA_HOOK_SECURITY_BPRM_CHECK || hook == KA_HOOK_FILE_OPEN;
}

static bool kernel_has_target(const struct btf *kernel, const struct bpf_program *prog)
{
	char name[128];
	const char *prefix = is_lsm(prog) ? "bpf_lsm_" : "bpf_iter_";
	int kind = BTF_KIND_FUNC;

	if (!is_lsm(prog) && !is_iterator(prog)) {
		/* Raw tracepoints with BTF are typedefs (include/trace/bpf_probe.h), fentry and fexit plain functions. */
		bool is_tracepoint = bpf_program__expected_attach_type(prog) == BPF_TRACE_RAW_TP;

		prefix = is_tracepoint ? "btf_trace_" : "";
		kind = is_tracepoint ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC;
	}
	snprintf(name, sizeof(name), "%s%s", prefix, target_of(prog));
	return btf__find_by_name_kind(kernel, name, kind) > 0;
}

static __u32 host_mnt_inum(void)
{
	struct stat ns;

	return stat("/proc/1/ns/mnt", &ns) ? 0 : ns.st_ino;
}

static struct kubearmor_bpf *open_objects(__u32 arena_size)
{
	struct kubearmor_bpf *skel = kubearmor_bpf__open();
	int cpus = libbpf_num_possible_cpus();

	if (!skel)
		return NULL;
	skel->rodata->arena_size = arena_size;
	skel->rodata->host_mnt_inum = host_mnt_inum();
	/* The object counts the scratch slots of one CPU; without slots of its own a CPU could only deny. */
	if (cpus <= 0 || bpf_map__set_max_entries(skel->maps.scratch, bpf_map__max_entries(skel->maps.scratch) * (__u32)cpus) ||
	    bpf_map__set_value_size(skel->maps.arena, arena_size + KA_ARENA_GUARD)) {
		kubearmor_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

/* Loads with nothing but this one program, to find out which of them the kernel rejects. */
static bool is_accepted(const char *name)
{
	struct kubearmor_bpf *skel = open_objects(TRIAL_ARENA_SIZE);
	struct bpf_program *prog;
	bool accepted;

	if (!skel)
		return false;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	accepted = kubearmor_bpf__load(skel) == 0;
	kubearmor_bpf__destroy(skel);
	return accepted;
}

static void skip_unknown_targets(struct kubearmor_bpf *skel, const struct btf *kernel)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
		if (!kernel_has_target(kernel, prog))
			bpf_program__set_autoload(prog, false);
}

/* Loads whatever this kernel takes. */
static struct kubearmor_bpf *load_objects(__u32 arena_size, struct failure *failure)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct kubearmor_bpf *skel = NULL;
	struct bpf_program *prog;
	int err;

	if (!kernel) {
		failed(failure, EXIT_KERNEL, -errno, "/sys/kernel/btf/vmlinux: this kernel carries no BTF");
		return NULL;
	}
	skel = open_objects(arena_size);
	if (!skel) {
		failed(failure, EXIT_INTERNAL, -errno, "kernel objects cannot be opened");
		goto cleanup;
	}
	skip_unknown_targets(skel, kernel);
	err = kubearmor_bpf__load(skel);
	if (!err)
		goto cleanup;
	if (err == -EPERM) {
		failed(failure, EXIT_PINS, err, "the kernel refuses to load programs: CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN needed");
		goto drop;
	}

	/* One of them is rejected: find out which, and do without it if that can be. */
	kubearmor_bpf__destroy(skel);
	skel = open_objects(arena_size);
	if (!skel) {
		failed(failure, EXIT_INTERNAL, -errno, "kernel objects cannot be opened");
		goto cleanup;
	}
	skip_unknown_targets(skel, kernel);
	bpf_object__for_each_program(prog, skel->obj) {
		if (!bpf_program__autoload(prog) || is_accepted(bpf_program__name(prog)))
			continue;
		if (is_essential(prog)) {
			failed(failure, EXIT_REJECTED, err, "%s: rejected by the kernel", bpf_program__name(prog));
			goto drop;
		}
		bpf_program__set_autoload(prog, false);
	}
	err = kubearmor_bpf__load(skel);
	if (!err)
		goto cleanup;
	failed(failure, EXIT_REJECTED, err, "the kernel accepts each program but not all together");
drop:
	kubearmor_bpf__destroy(skel);
	skel = NULL;
cleanup:
	btf__free(kernel);
	return skel;
}

static struct bpf_link **link_of(struct kubearmor_bpf *skel, const struct bpf_program *prog)
{
	for (int i = 0; i < skel->skeleton->prog_cnt; i++)
		if (*skel->skeleton->progs[i].prog == prog)
			return skel->skeleton->progs[i].link;
	return NULL;
}

static int attach_objects(struct kubearmor_bpf *skel, __u64 *ret_hooks, struct failure *failure)
{
	struct bpf_program *prog;
	__u64 hooks = 0;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_link **link = link_of(skel, prog);

		if (bpf_program__autoload(prog) && link) {
			*link = bpf_program__attach(prog);
			if (*link) {
				if (is_lsm(prog))
					hooks |= 1ULL << hook_of_target(target_of(prog));
				continue;
			}
		}
		if (is_essential(prog))
			return failed(failure, EXIT_KERNEL, -errno, "%s: this kernel does not let it be attached",
				      bpf_program__section_name(prog));
	}
	*ret_hooks = hooks & ~(1ULL << KA_HOOK_NONE);
	return 0;
}

/* 1, 0, or -1 when securityfs is not there to tell. An LSM hook attaches also where it is never called. */
static int bpf_among_lsms(void)
{
	char text[512];
	int fd = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	for (char *save, *name = strtok_r(text, ",\n", &save); name; name = strtok_r(NULL, ",\n", &save))
		if (!strcmp(name, "bpf"))
			return 1;
	return 0;
}

static int pin(int fd, const char *dir, const char *kind, const char *name, struct failure *failure)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/current/%s/%s", dir, kind, name);
	return bpf_obj_pin(fd, path) ? failed(failure, EXIT_PINS, -errno, "%s: cannot pin", path) : 0;
}

static int pin_objects(struct kubearmor_bpf *skel, const char *dir, struct failure *failure)
{
	static const char *const dirs[] = { "current", "current/maps", "current/links" };
	struct ka_meta meta = { 0 };
	struct bpf_program *prog;
	char name[256];
	__u32 key = 0;
	int err, fd;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, dirs[i]);
		if (mkdir(name, 0700))
			return failed(failure, EXIT_PINS, -errno, "%s: cannot make", name);
	}
	for (int i = 0; i < MAP_COUNT; i++) {
		fd = bpf_object__find_map_fd_by_name(skel->obj, map_names[i]);
		err = pin(fd, dir, "maps", map_names[i], failure);
		if (err)
			return err;
	}
	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_link **link = link_of(skel, prog);

		if (!link || !*link)
			continue;
		snprintf(name, sizeof(name), "%s@%s", target_of(prog), bpf_program__name(prog));
		err = pin(bpf_link__fd(*link), dir, "links", name, failure);
		if (err)
			return err;
	}
	fd = bpf_map__fd(skel->maps.meta);
	if (bpf_map_lookup_elem(fd, &key, &meta))
		return failed(failure, EXIT_PINS, -errno, "meta: cannot read");
	meta.abi_version = KA_ABI_VERSION;
	memcpy(meta.build, loader_build, sizeof(meta.build));
	if (bpf_map_update_elem(fd, &key, &meta, BPF_ANY))
		return failed(failure, EXIT_PINS, -errno, "meta: cannot write");
	return 0;
}

static int load_fresh(const char *dir, __u32 arena_size, struct failure *failure)
{
	struct kubearmor_bpf *skel;
	__u64 hooks;
	int err;

	if (bpf_among_lsms() == 0)
		return failed(failure, EXIT_KERNEL, 0,
			      "/sys/kernel/security/lsm: bpf is not among the active LSMs, boot with lsm=…,bpf");
	skel = load_objects(arena_size, failure);
	if (!skel)
		return -1;
	err = attach_objects(skel, &hooks, failure);
	if (!err)
		err = pin_objects(skel, dir, failure);
	kubearmor_bpf__destroy(skel);
	malloc_trim(0);
	return err;
}

static int adopt_link(void *ctx, const char *dir, const char *name)
{
	struct loader *loader = ctx;
	const char *at = strchr(name, '@');
	char target[64], path[PATH_MAX];
	enum ka_hook hook;

	if (!at)
		return 0;
	snprintf(target, sizeof(target), "%.*s", (int)(at - name), name);
	hook = hook_of_target(target);
	if (hook != KA_HOOK_NONE)
		loader->hooks |= 1ULL << hook;
	if (strcmp(target, "task"))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	loader->iterator = bpf_obj_get(path);
	return loader->iterator < 0 ? -errno : 0;
}

/* Takes hold of `current`; *ret_build is filled also when the rest fails. */
static int open_current(struct loader *loader, struct ka_meta *ret_meta)
{
	char path[PATH_MAX];
	__u32 key = 0;
	int err;

	memset(ret_meta, 0, sizeof(*ret_meta));
	for (int i = MAP_COUNT - 1; i >= 0; i--) {
		struct bpf_map_info info = { 0 };
		__u32 len = sizeof(info);

		snprintf(path, sizeof(path), "%s/current/maps/%s", loader->dir, map_names[i]);
		loader->map[i] = bpf_obj_get(path);
		if (loader->map[i] < 0)
			return -errno;
		if (bpf_obj_get_info_by_fd(loader->map[i], &info, &len))
			return -errno;
		loader->map_size[i] = info.type == BPF_MAP_TYPE_RINGBUF ? info.max_entries : info.value_size;
		if (i == MAP_meta) {
			if (info.value_size != sizeof(*ret_meta))
				return -EINVAL;
			if (bpf_map_lookup_elem(loader->map[i], &key, ret_meta))
				return -errno;
		}
	}
	snprintf(path, sizeof(path), "%s/current/links", loader->dir);
	err = pins_each(path, adopt_link, loader);
	if (err)
		return err;
	return loader->iterator < 0 ? -ENOENT : 0;
}

static void close_current(struct loader *loader)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		if (loader->map[i] >= 0)
			close(loader->map[i]);
		loader->map[i] = -1;
	}
	if (loader->iterator >= 0)
		close(loader->iterator);
	loader->iterator = -1;
	loader->hooks = 0;
}

static bool is_complete(const struct ka_meta *meta)
{
	static const __u8 none[32];

	return memcmp(meta->build, none, sizeof(none)) != 0;
}

/*
 * Makes room for a new `current`; a complete one becomes `old` and stays in force. While an `old` is still there, the
 * agent has not set everything in `current` yet: then `old` is the one that is kept.
 */
static int set_aside(struct loader *loader, bool complete, struct failure *failure)
{
	char current[PATH_MAX], old[PATH_MAX];
	int err;

	snprintf(current, sizeof(current), "%s/current", loader->dir);
	snprintf(old, sizeof(old), "%s/old", loader->dir);
	if (complete && !pins_exist(old)) {
		err = rename(current, old) ? -errno : 0;
		return err ? failed(failure, EXIT_PINS, err, "%s: cannot set the former build aside", current) : 0;
	}
	err = pins_exist(current) ? pins_remove(current) : 0;
	return err ? failed(failure, EXIT_PINS, err, "%s: cannot remove", current) : 0;
}

int loader_start(struct loader *loader, const char *dir, __u32 arena_size, struct failure *failure)
{
	struct ka_meta meta;
	char old[PATH_MAX];
	int err;

	*loader = (struct loader){ .dir = dir, .lock = -1, .iterator = -1 };
	for (int i = 0; i < MAP_COUNT; i++)
		loader->map[i] = -1;
	loader->lock = pins_open(dir, failure);
	if (loader->lock < 0)
		return loader->lock;

	err = open_current(loader, &meta);
	loader->adopted = !err && meta.abi_version == KA_ABI_VERSION && !memcmp(meta.build, loader_build, sizeof(loader_build));
	if (!loader->adopted) {
		close_current(loader);
		err = set_aside(loader, is_complete(&meta), failure);
		if (!err)
			err = load_fresh(dir, arena_size, failure);
		if (err)
			return err;
		err = open_current(loader, &meta);
		if (err)
			return failed(failure, EXIT_PINS, err, "%s/current: cannot be opened again", dir);
	}
	snprintf(old, sizeof(old), "%s/old", dir);
	loader->has_old = pins_exist(old);
	/* Tells the programs which root is the host's, and labels whoever is bound already. */
	err = loader_visit_tasks(loader);
	return err ? failed(failure, EXIT_KERNEL, err, "the task iterator cannot run") : 0;
}

void loader_stop(struct loader *loader)
{
	close_current(loader);
	if (loader->lock >= 0)
		close(loader->lock);
	loader->lock = -1;
}

/* One walk over all tasks: bytes written by the program, one pid per task it labelled. */
static long visit_once(const struct loader *loader)
{
	long written = 0;
	char sink[4096];
	ssize_t n;
	int fd = bpf_iter_create(loader->iterator);

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, sink, sizeof(sink));
		if (n > 0)
			written += n;
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0)
		written = -errno;
	close(fd);
	return written;
}

/*
 * A child forked behind the walk by a parent not yet labelled is missed; its parent is labelled by then, or will be in
 * the next walk. So the walks converge, unless every one of them finds a new generation.
 */
int loader_visit_tasks(const struct loader *loader)
{
	for (int walk = 0; walk < VISITS_MAX; walk++) {
		long written = visit_once(loader);

		if (written <= 0)
			return written;
	}
	return -EAGAIN;
}

void loader_finish_upgrade(struct loader *loader)
{
	char old[PATH_MAX];

	if (!loader->has_old)
		return;
	snprintf(old, sizeof(old), "%s/old", loader->dir);
	loader->has_old = pins_remove(old) != 0;
}

int loader_unload(const char *dir, struct failure *failure)
{
	int lock, err;

	if (!pins_exist(dir))
		return 0;
	lock = pins_open(dir, failure);
	if (lock < 0)
		return lock;
	err = pins_remove(dir);
	close(lock);
	return err ? failed(failure, EXIT_PINS, err, "%s: cannot remove", dir) : 0;
}

int loader_probe(struct probe *probe, struct failure *failure)
{
	struct kubearmor_bpf *skel;
	int err;

	*probe = (struct probe){ .lsm_listed = bpf_among_lsms(), .has_btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0 };
	skel = load_objects(TRIAL_ARENA_SIZE, failure);
	if (!skel)
		return -1;
	err = attach_objects(skel, &probe->hooks, failure);
	probe->has_programs = !err;
	kubearmor_bpf__destroy(skel);
	return err;
}
