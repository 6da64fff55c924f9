/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_EXIT_CODE_H
#define KA_EXIT_CODE_H

/* How the enforcer ends. The agent's supervisor knows these numbers; --help prints them. */
#define EXIT_CODES(X)                                                                              \
	X(OK, 0, "told to stop, or the agent is gone; enforcement goes on through the pins")        \
	X(INTERNAL, 1, "out of memory or another failure of the process itself")                    \
	X(USAGE, 2, "the command line is wrong, or descriptors 3 and 4 are not open")               \
	X(KERNEL, 3, "this kernel has no BTF or no BPF LSM, or lacks a hook that must be there")    \
	X(REJECTED, 4, "the kernel rejected a program that must be there")                          \
	X(PINS, 5, "pins cannot be made or read: is bpffs mounted, is this root?")                  \
	X(BUSY, 6, "another enforcer serves these pins")                                            \
	X(PROTOCOL, 7, "the agent sent a frame with a broken length")

enum exit_code {
#define EXIT_CODE_ENUM(name, number, text) EXIT_##name = number,
	EXIT_CODES(EXIT_CODE_ENUM)
#undef EXIT_CODE_ENUM
};

/* Why something failed, filled by library code and printed by main. */
struct failure {
	enum exit_code code;
	int err; /* negative errno or 0 */
	char text[192];
};

/* Fills and returns the negative errno (or -1), so that callers can `return failed(…)`. */
__attribute__((format(printf, 4, 5)))
int failed(struct failure *failure, enum exit_code code, int err, const char *format, ...);

#endif
