/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/types.h>

#include "arena.h"
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void arena_init(struct arena *arena, void *mem, __u32 size)
{
	*arena = (struct arena){ .mem = mem, .size = size };
}

void arena_free(struct arena *arena)
{
	free(arena->plan);
	arena->plan = NULL;
}

__u32 arena_find(const struct arena *arena, __u64 hash)
{
	for (__u32 i = 0; i < arena->count; i++)
		if (arena->plan[i].hash == hash)
			return arena->plan[i].off;
	return 0;
}

static struct arena_plan *plan_at(struct arena *arena, __u32 off)
{
	__u32 low = 0, high = arena->count;

	while (low < high) {
		__u32 mid = low + (high - low) / 2;

		if (arena->plan[mid].off < off)
			low = mid + 1;
		else
			high = mid;
	}
	return low < arena->count && arena->plan[low].off == off ? &arena->plan[low] : NULL;
}

/* First gap that holds size bytes; *ret_index is where its plan belongs in the sorted list. */
static __u32 find_gap(const struct arena *arena, __u32 size, __u32 *ret_index)
{
	__u64 start = KA_ARENA_RESERVED;

	for (__u32 i = 0; i <= arena->count; i++) {
		__u64 end = i < arena->count ? arena->plan[i].off : arena->size;

		if (end >= start + size) {
			*ret_index = i;
			return start;
		}
		if (i < arena->count)
			start = ((__u64)arena->plan[i].off + arena->plan[i].size + ARENA_ALIGN - 1) & ~(__u64)(ARENA_ALIGN - 1);
	}
	return 0;
}

static int insert(struct arena *arena, __u32 index, struct arena_plan plan)
{
	if (arena->count == ARENA_MAX_PLANS)
		return -ENOSPC;
	if (arena->count == arena->room) {
		__u32 room = arena->room ? arena->room * 2 : 16;
		struct arena_plan *grown = realloc(arena->plan, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		arena->plan = grown;
		arena->room = room;
	}
	memmove(&arena->plan[index + 1], &arena->plan[index], (arena->count - index) * sizeof(plan));
	arena->plan[index] = plan;
	arena->count++;
	arena->used += plan.size;
	return 0;
}

int arena_put(struct arena *arena, __u64 hash, const void *blob, size_t len, const char **ret_why)
{
	const struct ka_plan *plan = blob;
	__u32 index, off;
	int err;

	*ret_why = NULL;
	if (hash && arena_find(arena, hash))
		return 0;
	err = plan_check(blob, len, ret_why);
	if (err)
		return err;
	if (!hash || plan->content_hash != hash) {
		*ret_why = "plan's content hash is not the frame's";
		return -EINVAL;
	}
	off = find_gap(arena, len, &index);
	if (!off)
		return -ENOSPC;
	err = insert(arena, index, (struct arena_plan){ .hash = hash, .off = off, .size = len, .fresh = true });
	if (err)
		return err;
	memcpy(arena->mem + off, blob, len);
	plan_relocate(arena->mem + off, off);
	return 0;
}

int arena_adopt(struct arena *arena, __u32 off)
{
	struct arena_plan *known = plan_at(arena, off);
	const struct ka_plan *plan;
	__u32 index = 0;

	if (known) {
		known->refs++;
		return 0;
	}
	if (off < KA_ARENA_RESERVED || off % ARENA_ALIGN || off > arena->size - sizeof(*plan))
		return -EINVAL;
	plan = (const void *)(arena->mem + off);
	if (plan->magic != KA_PLAN_MAGIC || plan->size > arena->size - off || plan->size < sizeof(*plan))
		return -EINVAL;
	while (index < arena->count && arena->plan[index].off < off)
		index++;
	if ((index > 0 && arena->plan[index - 1].off + arena->plan[index - 1].size > off) ||
	    (index < arena->count && off + plan->size > arena->plan[index].off))
		return -EINVAL;
	return insert(arena, index,
		      (struct arena_plan){ .hash = plan->content_hash, .off = off, .size = plan->size, .refs = 1 });
}

void arena_hold(struct arena *arena, __u32 off)
{
	struct arena_plan *plan = off ? plan_at(arena, off) : NULL;

	if (!plan)
		return;
	if (!plan->refs && !plan->fresh)
		arena->retired--;
	plan->refs++;
	plan->fresh = false;
}

void arena_drop(struct arena *arena, __u32 off)
{
	struct arena_plan *plan = off ? plan_at(arena, off) : NULL;

	if (plan && plan->refs && --plan->refs == 0)
		arena->retired++;
}

void arena_sweep(struct arena *arena, bool fresh_too)
{
	__u32 kept = 0;

	for (__u32 i = 0; i < arena->count; i++) {
		const struct arena_plan *plan = &arena->plan[i];

		if (plan->refs || (plan->fresh && !fresh_too))
			arena->plan[kept++] = *plan;
		else
			arena->used -= plan->size;
	}
	arena->count = kept;
	arena->retired = 0;
}
