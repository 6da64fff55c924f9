/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_PINS_H
#define KA_PINS_H

#include <stdbool.h>

#include "exit_code.h"

/* Makes DIR on a bpffs, mounting one on /sys/fs/bpf if none is there, and locks it. Returns the locked descriptor. */
int pins_open(const char *dir, struct failure *failure);

/* Calls visit for each entry; a non-zero answer ends the walk and is returned. A missing directory has no entries. */
int pins_each(const char *dir, int (*visit)(void *ctx, const char *dir, const char *name), void *ctx);

/* Removes a directory of pins and all below it; links go before maps, so that no program runs without its maps. */
int pins_remove(const char *dir);

bool pins_exist(const char *dir);

#endif
