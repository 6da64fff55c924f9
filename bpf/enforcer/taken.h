/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_TAKEN_H
#define KA_TAKEN_H

#include <stdbool.h>
#include <linux/types.h>

#include "../abi/pinned.h"

/*
 * Whether `next` tells of more records than `kept`: the highest number and the count of those accounted for only grow,
 * as numbers are never given out twice nor taken back. The highest number alone may stay, when an open one was settled.
 */
static inline bool taken_advances(const struct ka_events_taken *kept, const struct ka_events_taken *next)
{
	__u64 before = kept->taken - kept->open;

	return next->open <= next->taken && next->taken >= kept->taken && next->taken - next->open > before;
}

#endif
