/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_ARGS_BPF_H
#define KA_ARGS_BPF_H

/*
 * The arguments of a program that is about to run, held against a rule's list (abi/plan.h, invariant 6).
 *
 * They are read where the new program will find them: exec has copied them onto the new stack before it asks any LSM
 * (fs/exec.c, do_execveat_common), and for the interpreter of a script it has put the script's name among them. No one
 * but the kernel can reach that memory before the new program runs: it belongs to no task yet. The caller's own copy,
 * which another of its threads may change at any moment, is never looked at, nor is the caller's word size of account.
 *
 * No helper reads from an address space without a task, so the pages are found by the page tables and read through the
 * kernel's map of all memory (x86-64: Documentation/arch/x86/x86_64/mm.rst).
 *
 * Invariants
 *  1. Only arguments that were all read and are all listed are accepted. What cannot be read (swapped out, moved while
 *     being read, beyond ARGS_PAGES) is not, and is counted.
 *  2. The walk's state lies in the slot, so that the verifier takes nothing about it for known: 6.1 tries a loop's
 *     body once, with what it knows of the first pass.
 */

#include "event.bpf.h"

#define PAGE_BYTES 4096
/* 6 MiB: exec lets arguments take three quarters of 8 MiB at most (fs/exec.c, bprm_stack_limits). */
#define ARGS_PAGES 1537

/* arch/x86/include/asm/pgtable_types.h */
#define ENTRY_PRESENT 1
#define ENTRY_HUGE 0x80
#define ENTRY_FRAME 0x000ffffffffff000ull
/* arch/x86/include/asm/page_64_types.h: where the map of all memory starts if the kernel does not place it at random. */
#define DIRECT_MAP_4_LEVELS 0xffff888000000000ull
#define DIRECT_MAP_5_LEVELS 0xff11000000000000ull

extern const void page_offset_base __ksym __weak;
extern const void sme_me_mask __ksym __weak;

static __always_inline __u64 kernel_number(const void *symbol, __u64 otherwise)
{
	__u64 value = otherwise;

	if (symbol && bpf_probe_read_kernel(&value, sizeof(value), symbol))
		return otherwise;
	return value;
}

/* The address of the table or page that the entry for `address` names, 0 if it is not there; *where_ is the entry's. */
static __always_inline __u64 table_next(struct ka_args *args, __u64 table, __u32 shift, __u64 *where_)
{
	__u64 where = table + (args->at >> shift & 511) * 8;
	__u64 entry;

	if (!table || bpf_probe_read_kernel(&entry, sizeof(entry), (void *)where) || !(entry & ENTRY_PRESENT))
		return 0;
	if (shift > 12 && entry & ENTRY_HUGE)
		return 0;
	*where_ = where;
	args->entry = entry;
	return args->direct_map + (entry & ENTRY_FRAME & ~args->encrypted);
}

/* Copies the page that args->at lies in to slot->text; false if it cannot be had. */
static __noinline bool args_read_page(struct ka_scratch *slot)
{
	struct ka_args *args = &slot->args;
	__u64 table = args->tables;
	__u64 before, after, where = 0;

	/* The stack starts at the top of user memory: above 47 bits only where tables have five levels. */
	if (args->at >> 47)
		table = table_next(args, table, 48, &where);
	table = table_next(args, table, 39, &where);
	table = table_next(args, table, 30, &where);
	table = table_next(args, table, 21, &where);
	table = table_next(args, table, 12, &where);
	before = args->entry;
	if (!table || bpf_probe_read_kernel(slot->text, PAGE_BYTES, (void *)table))
		return false;
	/* The same page still, so it was not given to someone else in between; accessed and dirty bits may come. */
	return !bpf_probe_read_kernel(&after, sizeof(after), (void *)where) && after & ENTRY_PRESENT &&
	       !((before ^ after) & ENTRY_FRAME);
}

struct args_walk {
	const char *start;
	struct ka_scratch *slot;
};

static long args_byte_step(__u32 i, struct args_walk *walk)
{
	struct ka_args *args = &walk->slot->args;
	const char *start = walk->start;
	__u32 mask = (arena_size - 1) & ~7u;
	__u32 state = args->state;
	__u8 byte = walk->slot->text[args->at & (PAGE_BYTES - 1)];

	args->at += 1;
	if (byte) {
		args->state = dfa_next(start, mask, state, byte);
		return 0;
	}
	/* The name it is called by need not be listed, but a run that has nothing else is one without listed arguments. */
	if ((args->taken || args->count == 1) && !((const struct ka_state *)(start + (state & mask)))->row) {
		args->answer = ARGS_REFUSED;
		return 1;
	}
	args->state = args->root;
	args->taken += 1;
	if (args->taken < args->count)
		return 0;
	args->answer = ARGS_LISTED;
	return 1;
}

static long args_page_step(__u32 i, struct args_walk *walk)
{
	struct ka_args *args = &walk->slot->args;

	if (!args_read_page(walk->slot))
		return 1;
	bpf_loop(PAGE_BYTES - (args->at & (PAGE_BYTES - 1)), args_byte_step, walk, 0);
	return args->answer != ARGS_UNREAD;
}

static __always_inline __u32 args_entry(const char *start, __u32 plan, __u32 rule)
{
	const struct ka_plan *header = arena_at(start, plan);

	return header->args ? *(const __u32 *)(start + ((plan + header->args + 4 * rule) & (arena_size - 1) & ~3u)) : 0;
}

/*
 * Whether the rule that just denied the run, or would in enforcing mode, permits it by its arguments. If so, the
 * slot's access bears the rule's number, and judging it again passes over the denial.
 */
__noinline int ka_args_permit(struct ka_scratch *slot)
{
	struct args_walk walk = {};
	struct ka_args *args;
	__u32 rule, entry;

	if (!slot || !slot->due_verdict || slot->due_options & EVENT_AUDIT)
		return 0;
	rule = slot->due_cell >> KA_CELL_RULE_SHIFT;
	walk.start = arena_start();
	walk.slot = slot;
	if (!rule || !walk.start)
		return 0;
	entry = args_entry(walk.start, slot->subject.plan, rule);
	if (!entry)
		return 0;
	if (entry & KA_ARGS_OWNER_ONLY &&
	    slot->access.owner_uid[0] != bpf_get_current_task_btf()->cred->fsuid.val)
		return 0;
	args = &slot->args;
	args->root = (entry & ~KA_ARGS_OWNER_ONLY) + slot->subject.plan;
	args->state = args->root;
	args->taken = 0;
	args->answer = ARGS_UNREAD;
	args->direct_map = kernel_number(&page_offset_base, args->at >> 47 ? DIRECT_MAP_5_LEVELS : DIRECT_MAP_4_LEVELS);
	args->encrypted = kernel_number(&sme_me_mask, 0);
	bpf_loop(ARGS_PAGES, args_page_step, &walk, 0);
	if (args->answer == ARGS_UNREAD)
		ka_count(KA_COUNTER_ARGS_UNCHECKED);
	if (args->answer != ARGS_LISTED)
		return 0;
	slot->access.args_rule = rule;
	return 1;
}

#endif
