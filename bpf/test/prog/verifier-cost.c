/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Loads the object and prints, per program, what the verifier spent on it; -v NAME prints one program's whole log. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "hooks.h"

#define LOG_SIZE (64 << 20)

static int keep_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

int main(int argc, char **argv)
{
	const char *verbose = argc == 4 && !strcmp(argv[2], "-v") ? argv[3] : 0;
	struct bpf_object *object;
	struct bpf_program *program;
	struct utsname name;
	int err;

	if (argc < 2)
		return 2;
	libbpf_set_print(keep_warnings);
	object = bpf_object__open_file(argv[1], 0);
	if (!object)
		return 1;
	hooks_prune(object);
	bpf_object__for_each_program (program, object) {
		int level = verbose && !strcmp(verbose, bpf_program__name(program)) ? 2 | 4 : 4;

		bpf_program__set_log_buf(program, calloc(1, LOG_SIZE), LOG_SIZE);
		bpf_program__set_log_level(program, level);
	}
	err = bpf_object__load(object);
	uname(&name);
	bpf_object__for_each_program (program, object) {
		size_t size;
		const char *log = bpf_program__log_buf(program, &size);
		const char *processed = log ? strstr(log, "processed ") : 0;
		const char *next;

		if (verbose && !strcmp(verbose, bpf_program__name(program)))
			fputs(log, stdout);
		if (!bpf_program__autoload(program))
			continue;
		while (processed && (next = strstr(processed + 1, "processed ")))
			processed = next;
		if (processed && bpf_program__fd(program) >= 0)
			printf("COST {\"kernel\":\"%.*s\",\"program\":\"%s\",\"verified\":%ld,\"loaded\":%zu}\n",
			       (int)strcspn(name.release, "-+"), name.release, bpf_program__name(program),
			       strtol(processed + 10, 0, 10), bpf_program__insn_cnt(program));
		else if (log && *log) {
			size_t length = strlen(log);

			printf("REJECTED %s\n%s\n", bpf_program__name(program), length > 6000 ? log + length - 6000 : log);
		}
	}
	printf(err ? "LOAD FAILED %d\n" : "LOADED\n", err);
	return !!err;
}
