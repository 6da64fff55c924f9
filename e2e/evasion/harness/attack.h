/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVASION_ATTACK_H
#define EVASION_ATTACK_H

/*
 * What every attack program shares. An attack is one way to reach a protected object by something other than a plain
 * open or exec of its path. It is called in one of three ways:
 *
 *   NAME describe           one JSON line: goals, protection it needs, what its alert names
 *   NAME prepare GOAL CASE  lays out CASE/vault/… (the protected object) and CASE/open/ (free to use), prints the
 *                           object's path
 *   NAME attack GOAL CASE   attacks, prints one JSON line
 *
 * Invariants
 *  1. "escaped" is printed only when the protected bytes were read, the protected program printed its marker, or the
 *     protected object is no longer what it was before the attack (checked afterwards, not concluded).
 *  2. "denied" means that nothing escaped and at least one step got EACCES, the enforcer's answer. EPERM is the
 *     kernel's or seccomp's answer and makes an attack "impossible", as do missing system calls.
 *  3. The first step that decides is kept with its errno; later steps never overwrite it.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ 1
#define EXEC 2
#define WRITE 4

/* How the protected object lies under CASE/vault. */
enum layout {
	LAYOUT_PLAIN = 0, /* vault/target */
	LAYOUT_DEEP,      /* below 100 directories */
	LAYOUT_LONG,      /* at a path of 4,000 bytes */
	LAYOUT_BEYOND,    /* at a path of more than PATH_MAX bytes, only reachable by chdir */
	LAYOUT_SPACES,    /* a name with spaces, quotes and a newline */
	LAYOUT_BYTES,     /* a name that is not UTF-8 */
	LAYOUT_DYNAMIC,   /* vault/target is a program that ld.so can load; open/ld.so is there */
	LAYOUT_SCRIPT,    /* vault/target is a script whose interpreter is open/interpreter */
	LAYOUT_INTERPRETER, /* vault/target is an interpreter, open/script names it */
	LAYOUT_FLAT,      /* vault/target is position independent code that can be jumped into */
};

struct attack_spec {
	const char *name;
	unsigned goals;
	enum layout layout;
	/* Directory rules protect what an exact path cannot name. */
	bool directory_rule;
	/* The denial names another object than the target (a parent, a mount point). */
	bool alert_elsewhere;
	/* How the denial's object begins where it has no name in the attack's folder. */
	const char *alert_names;
	/* The rule blocks only this program as source; others may pass. */
	bool blocked_source;
	/* Breaks the machine for whatever runs after it. */
	bool destructive;
};

extern unsigned goal;
extern char case_dir[PATH_MAX];
extern char vault[PATH_MAX];  /* CASE/vault */
extern char target[2 * PATH_MAX]; /* the protected object */
extern char scratch[PATH_MAX]; /* CASE/open */

/* CASE/open/NAME, in one of a few rotating buffers. */
const char *open_path(const char *name);
/* A harmless object of the target's kind at CASE/open/decoy. */
const char *decoy_path(void);

/* Records the result of a step that failed, with errno as it stands. Returns false. */
bool step_failed(const char *step);
/* Records success beyond doubt. Returns true. */
bool escaped(const char *how);
bool has_escaped(void);

/* Try the goal on what is handed over; true when it escaped. */
bool reach_path(const char *path);
bool reach_at(int dirfd, const char *path);
bool reach_fd(int fd);
/* Says whether the buffer holds protected bytes, and records the escape if so. */
bool holds_secret(const char *bytes, size_t size, const char *how);

/* Runs fn in a fork with stdout caught; fn execs and returns only on failure with errno set. */
bool reach_exec(void (*fn)(void *), void *arg, const char *how);
/* Runs fn in a fork that shares the record of steps, and waits for it. */
void in_child(void (*fn)(void *), void *arg);
/* New user namespace with the caller as root in it. */
bool become_user_root(int extra_flags);

int attack_main(int argc, char **argv, const struct attack_spec *spec, void (*run)(void));

#define ATTACK(...)                                                             \
	int main(int argc, char **argv)                                         \
	{                                                                       \
		static const struct attack_spec spec = { __VA_ARGS__ };         \
		return attack_main(argc, argv, &spec, run);                     \
	}

#endif
