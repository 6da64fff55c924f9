/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_PLAN_CHECK_H
#define KA_PLAN_CHECK_H

#include <stddef.h>
#include <linux/types.h>

#include "../abi/plan.h"

/*
 * Proves that a blob can be walked without leaving it: every offset of every table lands on an element of the table
 * it is meant for. Returns 0, or -EINVAL with *ret_why naming the part that does not hold.
 */
int plan_check(const void *blob, size_t len, const char **ret_why);

/* Turns the offsets of a checked plan's states and edges into arena offsets; base is the plan's place in the arena. */
void plan_relocate(void *plan, __u32 base);

#endif
