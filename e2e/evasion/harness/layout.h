/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVASION_LAYOUT_H
#define EVASION_LAYOUT_H

#include "attack.h"

/* Writes the path of the protected object below the current case directory. */
void layout_target(enum layout layout, char *path, size_t size);
/* Creates vault, target, scratch directory and decoy; returns an exit code. */
int layout_prepare(enum layout layout);

/* What a protected object looked like, to tell later whether anything of it was changed. */
struct snapshot {
	bool readable;
	struct stat stat;
	char bytes[512];
	ssize_t size;
};
void snapshot_take(struct snapshot *into);
/* What has changed since, in words, or NULL. */
const char *snapshot_change(const struct snapshot *since);

#endif
