/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_HOOK_TABLE_H
#define KA_HOOK_TABLE_H

#include <linux/types.h>

#include "../abi/event.h"

/* The hook that the programs on this LSM attach point serve; KA_HOOK_NONE for helpers that only label tasks. */
enum ka_hook hook_of_target(const char *target);

const char *hook_name(enum ka_hook hook);

#endif
