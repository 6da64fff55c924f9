/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "daemon.h"
#include "exit_code.h"
#include "fixtures.h"
#include "hook.h"
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

#include "../abi/pinned.h"

#define VERSION "0.1.0"
#define COMMANDS_FD 3
#define FRAMES_FD 4

enum mode { MODE_SERVE, MODE_UNLOAD, MODE_PROBE, MODE_FIXTURES };

struct options {
	enum mode mode;
	const char *dir;
	const char *fixtures;
	unsigned long arena_mib;
	bool verbose;
};

static bool is_verbose;

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	/* Optional programs are tried and may fail: their messages are only for those who ask. */
	return is_verbose && level <= LIBBPF_INFO ? vfprintf(stderr, format, args) : 0;
}

static void print_help(void)
{
	static const struct {
		int number;
		const char *text;
	} codes[] = {
#define EXIT_CODE_ROW(name, number, text) { number, text },
		EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
	};

	printf("Usage: ka-enforcer [--pin-dir DIR] [--arena-mib N] [--verbose]\n"
	       "       ka-enforcer --probe | --unload | --emit-fixtures DIR | --version | --help\n"
	       "\n"
	       "Loads the kernel programs, pins them, and serves one agent: commands on descriptor 3, answers and\n"
	       "events on descriptor 4 (bpf/abi/frame.h). When it ends, the pins stay and enforcement goes on.\n"
	       "\n"
	       "  --pin-dir DIR       where maps and links are pinned (" LOADER_DEFAULT_DIR ")\n"
	       "  --arena-mib N       memory for plans, a power of two from 1 to 1024 (%u); counts at the first load\n"
	       "  --probe             print as JSON what this kernel takes, and leave nothing behind\n"
	       "  --unload            remove all pins: enforcement ends\n"
	       "  --emit-fixtures DIR write one frame of each kind, for the tests of other languages\n"
	       "  --verbose           pass on what libbpf and the verifier say\n"
	       "\n"
	       "Exit codes:\n",
	       KA_ARENA_SIZE_DEFAULT >> 20);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		printf("  %d  %s\n", codes[i].number, codes[i].text);
}

static void print_version(void)
{
	printf("ka-enforcer " VERSION " abi %d build ", KA_ABI_VERSION);
	for (size_t i = 0; i < sizeof(loader_build); i++)
		printf("%02x", loader_build[i]);
	printf("\n");
}

static int complain(const struct failure *failure)
{
	if (failure->err < 0)
		fprintf(stderr, "ka-enforcer: %s: %s\n", failure->text, strerror(-failure->err));
	else
		fprintf(stderr, "ka-enforcer: %s\n", failure->text);
	return failure->code;
}

/* Messages of our own hold paths and names without quotes or controls, except what a caller put into a path. */
static void print_json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", *text);
		else
			putchar(*text);
	}
	putchar('"');
}

static int run_probe(void)
{
	struct failure failure = { 0 };
	struct probe probe = { 0 };
	struct utsname kernel = { 0 };
	int err = loader_probe(&probe, &failure);

	uname(&kernel);
	printf("{\"kernel\":");
	print_json_text(kernel.release);
	printf(",\"abi\":%d,\"btf\":%s,\"bpfLsm\":%s,\"programs\":%s,\"hooks\":{", KA_ABI_VERSION, probe.has_btf ? "true" : "false",
	       probe.lsm_listed < 0 ? "null" : probe.lsm_listed ? "true" : "false", probe.has_programs ? "true" : "false");
	for (int hook = KA_HOOK_NONE + 1; hook < KA_HOOK_COUNT; hook++)
		printf("%s\"%s\":%s", hook > 1 ? "," : "", hook_name(hook), probe.hooks >> hook & 1 ? "true" : "false");
	printf("},\"error\":");
	if (err)
		print_json_text(failure.text);
	else
		printf("null");
	printf("}\n");
	if (err)
		return failure.code;
	return probe.lsm_listed == 0 ? EXIT_KERNEL : EXIT_OK;
}

static int run_serve(const struct options *options)
{
	struct failure failure = { 0 };
	struct loader loader;
	sigset_t stop;
	int stop_fd, err;

	if (fcntl(COMMANDS_FD, F_GETFD) < 0 || fcntl(FRAMES_FD, F_GETFD) < 0) {
		fprintf(stderr, "ka-enforcer: descriptors 3 and 4 are not open; the agent starts this program, see --help\n");
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	stop_fd = signalfd(-1, &stop, SFD_CLOEXEC);
	if (stop_fd < 0) {
		failed(&failure, EXIT_INTERNAL, -errno, "signalfd");
		return complain(&failure);
	}
	err = loader_start(&loader, options->dir, options->arena_mib << 20, &failure);
	if (!err)
		err = daemon_serve(&loader, COMMANDS_FD, FRAMES_FD, stop_fd, &failure);
	loader_stop(&loader);
	close(stop_fd);
	return err ? complain(&failure) : EXIT_OK;
}

/* -1 = go on, else the exit code. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "pin-dir", required_argument, NULL, 'd' },
		{ "arena-mib", required_argument, NULL, 'a' },
		{ "probe", no_argument, NULL, 'p' },
		{ "unload", no_argument, NULL, 'u' },
		{ "emit-fixtures", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char *end;
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		switch (opt) {
		case 'd':
			options->dir = optarg;
			break;
		case 'a':
			options->arena_mib = strtoul(optarg, &end, 10);
			if (*end || !options->arena_mib || options->arena_mib > 1024 || options->arena_mib & (options->arena_mib - 1)) {
				fprintf(stderr, "ka-enforcer: --arena-mib %s: not a power of two from 1 to 1024\n", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'p':
			options->mode = MODE_PROBE;
			break;
		case 'u':
			options->mode = MODE_UNLOAD;
			break;
		case 'f':
			options->mode = MODE_FIXTURES;
			options->fixtures = optarg;
			break;
		case 'v':
			is_verbose = true;
			break;
		case 'V':
			print_version();
			return EXIT_OK;
		case 'h':
			print_help();
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ka-enforcer: %s: unexpected argument, see --help\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = { .dir = LOADER_DEFAULT_DIR, .arena_mib = KA_ARENA_SIZE_DEFAULT >> 20 };
	struct failure failure = { 0 };
	int code = parse(argc, argv, &options);

	if (code >= 0)
		return code;
	libbpf_set_print(print_libbpf);
	switch (options.mode) {
	case MODE_PROBE:
		return run_probe();
	case MODE_UNLOAD:
		return loader_unload(options.dir, &failure) ? complain(&failure) : EXIT_OK;
	case MODE_FIXTURES:
		code = fixtures_write(options.fixtures);
		if (!code)
			return EXIT_OK;
		failed(&failure, EXIT_USAGE, code, "%s: cannot write", options.fixtures);
		return complain(&failure);
	case MODE_SERVE:
		break;
	}
	return run_serve(&options);
}
