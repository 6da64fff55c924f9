/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KA_DECISION_BPF_H
#define KA_DECISION_BPF_H

/*
 * From an access to a verdict.
 *
 * Invariants
 *  1. The highest deciding rule met decides; with none met, the class's default does.
 *  2. An Audit rule is heard only if it outranks the deciding one, and never lets pass what that one denies.
 *  3. What cannot be looked at is denied if the class has anything to deny, and counted either way.
 */

#include "args.bpf.h"

/* True if the class has no rule at all: nothing to build a path for. */
static __always_inline bool class_idle(const struct ka_subject *who, __u32 cls)
{
	return !(class_flags(who->plan, cls) & KA_CLASS_SPEAKS);
}

static __always_inline bool walk_one_automaton_only(const struct match_walk *walk)
{
	return !*(const __u32 *)(walk->start + ((walk->roots + 4) & (arena_size - 1) & ~3u));
}

/* Walks slot->path[which] through the automata of a class, into slot->match[which]. Not 0 if the maps are gone. */
__noinline int ka_match(struct ka_scratch *slot, __u32 which, __u32 cls)
{
	struct match_walk walk = {};
	const struct ka_class_plan *class;
	struct ka_match *match;
	__u32 label;

	if (!slot)
		return -1;
	which &= 1;
	match = &slot->match[which];
	match->decide = 0;
	match->audit = 0;
	match->blocks_below = 0;
	walk.start = arena_start();
	if (!walk.start)
		return -1;
	walk.path = &slot->path[which];
	walk.match = match;
	walk.at = slot->at[which];
	walk.plan = slot->subject.plan;
	walk.write = slot->access.write;
	walk.owner_uid = slot->access.owner_uid[which];
	walk.roots = walk.plan + __builtin_offsetof(struct ka_plan, cls) + cls * sizeof(struct ka_class_plan) +
		     __builtin_offsetof(struct ka_class_plan, root);
	if (walk_one_automaton_only(&walk))
		match_take(0, &walk);
	else
		bpf_loop(KA_GLOBAL_DFAS, match_step, &walk, 0);
	label = slot->subject.label;
	if (label) {
		const struct ka_plan *header = arena_at(walk.start, walk.plan);

		walk.roots = walk.plan + header->sources + label * sizeof(struct ka_source_plan) +
			     cls * sizeof(__u32) * KA_SOURCE_DFAS;
		walk.first = KA_GLOBAL_DFAS;
		bpf_loop(KA_SOURCE_DFAS, match_step, &walk, 0);
	}
	class = plan_class(walk.start, walk.plan, cls);
	if (!match->decide)
		match->decide = class->unmatched.decide;
	if (!match->audit)
		match->audit = class->unmatched.audit;
	return 0;
}

/* Builds slot->path[which]; not 0 if it cannot be built. */
static __always_inline int judge_path(struct ka_scratch *slot, __u32 which)
{
	int at = ka_path_build(&slot->path[which], *(volatile __u64 *)&slot->access.place[which].mnt,
			       *(volatile __u64 *)&slot->access.place[which].dentry, *(volatile __u64 *)&slot->stop);

	slot->at[which] = at;
	return at < 0;
}

static __always_inline void judge_prepare(struct ka_scratch *slot)
{
	slot->at[0] = -1;
	slot->at[1] = -1;
	slot->match[0].want_below = 0;
	slot->match[1].want_below = 0;
	slot->stop = path_namespace_root(bpf_get_current_task_btf());
	ka_count(KA_COUNTER_DECISIONS);
}

/* A denial is told rather than a report, an earlier report rather than a later one. */
static __always_inline void event_due(struct ka_scratch *slot, __u32 cell, __u32 verdict, __u32 options)
{
	if (slot->due_verdict && verdict != KA_BLOCK)
		return;
	slot->due_verdict = verdict;
	slot->due_cell = cell;
	slot->due_options = options;
	slot->due_class = slot->access.cls;
}

static __always_inline int answer_unbuilt(struct ka_scratch *slot)
{
	ka_count(KA_COUNTER_PATH_UNBUILT);
	if (!(class_flags(slot->subject.plan, slot->access.cls) & KA_CLASS_CAN_BLOCK) ||
	    slot->access.options & ACCESS_RULES_ONLY)
		return 0;
	ka_count(KA_COUNTER_PATH_UNBUILT_DENIED);
	event_due(slot, 0, KA_BLOCK, 0);
	return -EACCES;
}

/* What slot->match[which] says; 0 or -EACCES. */
static __always_inline int answer_match(struct ka_scratch *slot, __u32 which)
{
	__u32 decide = slot->match[which].decide;
	__u32 audit = slot->match[which].audit;
	__u32 options = slot->access.options;
	__u32 verdict = decide & KA_CELL_VERDICT_MASK;
	__u32 second = which ? EVENT_SECOND : 0;

	if (slot->access.args_rule && decide >> KA_CELL_RULE_SHIFT == slot->access.args_rule)
		verdict = KA_ALLOW;
	if (options & ACCESS_RULES_ONLY && !(decide >> KA_CELL_RULE_SHIFT))
		return 0;
	if (verdict == KA_BLOCK) {
		event_due(slot, decide, KA_BLOCK, second);
		return -EACCES;
	}
	if (options & ACCESS_BLOCK_ONLY)
		return 0;
	if (audit >> KA_CELL_RULE_SHIFT > decide >> KA_CELL_RULE_SHIFT)
		event_due(slot, audit, KA_REPORT, EVENT_AUDIT | second);
	else if (verdict == KA_REPORT)
		event_due(slot, decide, KA_REPORT, second);
	return 0;
}

/*
 * The object's name inside the workload's root file system, if it was reached by another mount of that file system:
 * a bind mount made before the workload started, a detached one (open_tree), a private copy of the mount tree, an
 * overlay on top of the root. A Block rule there wins.
 */
static __always_inline int judge_alias(struct ka_scratch *slot)
{
	__u64 dentry;
	int at;

	dentry = slot->access.place[0].dentry;
	if (!slot->subject.root_super || KA_ADDRESS(struct dentry, dentry, d_sb) != slot->subject.root_super)
		return 0;
	if (!(slot->access.options & ACCESS_BEHIND) && slot->access.place[0].mnt == slot->subject.root_mount &&
	    slot->path[0].crossings <= 1)
		return 0;
	at = ka_path_build_below(&slot->path[0], dentry, slot->subject.root_dentry);
	if (at < 0)
		return 0;
	slot->at[0] = at;
	if (ka_match(slot, 0, slot->access.cls))
		return 0;
	slot->access.options |= ACCESS_BLOCK_ONLY | ACCESS_RULES_ONLY;
	return answer_match(slot, 0);
}

/* Judges slot->access for slot->subject: one object; 0 or not. */
__noinline int ka_judge(struct ka_scratch *slot)
{
	__u32 cell;

	if (!slot)
		return 0;
	judge_prepare(slot);
	if (!(slot->access.options & ACCESS_BEHIND)) {
		if (judge_path(slot, 0))
			return answer_unbuilt(slot);
		if (ka_match(slot, 0, slot->access.cls))
			return 0;
		cell = slot->match[0].decide & KA_CELL_VERDICT_MASK;
		if ((cell >= KA_REPORT || slot->match[0].audit) && answer_match(slot, 0))
			return -EACCES;
	}
	return judge_alias(slot);
}

/* True if something below the first directory is denied that would not be below the second. */
static __noinline bool pair_frees_below(struct ka_scratch *slot, __u32 from, __u32 posture)
{
	__u32 blocking = slot->match[from].blocks_below;

#pragma unroll
	for (__u32 i = 0; i < KA_MAX_DFAS; i++)
		if (slot->match[0].below[i] != slot->match[1].below[i] && (posture == KA_BLOCK || blocking & 1u << i))
			return true;
	return false;
}

/*
 * A class's word on giving the object a second name. In the file class both names are written to. In the exec class
 * a program must not get from a name that may not be run to one that may. In both, a directory must not take what is
 * denied below it to where it is not: the automata's states after the two names tell, without looking at a single
 * file below; where a default posture denies what no rule names, only equal states will do.
 */
__noinline int ka_judge_pair_class(struct ka_scratch *slot, __u32 cls)
{
	__u32 old, new, posture, options;
	const char *start = arena_start();

	if (!slot || !start)
		return 0;
	options = slot->access.options;
	slot->access.cls = cls;
#pragma unroll
	for (__u32 i = 0; i < KA_MAX_DFAS; i++) {
		slot->match[0].below[i] = 0;
		slot->match[1].below[i] = 0;
	}
	slot->match[0].want_below = slot->match[1].want_below = options & ACCESS_DIRECTORY;
	if (ka_match(slot, 0, cls) || ka_match(slot, 1, cls))
		return 0;
	if (cls == KA_CLASS_FILE) {
		if (answer_match(slot, 0) || answer_match(slot, 1))
			return -EACCES;
	} else {
		old = slot->match[0].decide & KA_CELL_VERDICT_MASK;
		new = slot->match[1].decide & KA_CELL_VERDICT_MASK;
		if (old == KA_BLOCK && new != KA_BLOCK) {
			event_due(slot, slot->match[0].decide, KA_BLOCK, 0);
			return -EACCES;
		}
		if (options & ACCESS_EXCHANGE && new == KA_BLOCK && old != KA_BLOCK) {
			event_due(slot, slot->match[1].decide, KA_BLOCK, EVENT_SECOND);
			return -EACCES;
		}
	}
	if (!(options & ACCESS_DIRECTORY))
		return 0;
	posture = plan_class(start, slot->subject.plan, cls)->unmatched.decide & KA_CELL_VERDICT_MASK;
	if (pair_frees_below(slot, 0, posture)) {
		event_due(slot, 0, KA_BLOCK, 0);
		return -EACCES;
	}
	if (options & ACCESS_EXCHANGE && pair_frees_below(slot, 1, posture)) {
		event_due(slot, 0, KA_BLOCK, EVENT_SECOND);
		return -EACCES;
	}
	return 0;
}

/* Judges link and rename. */
__noinline int ka_judge_pair(struct ka_scratch *slot)
{
	if (!slot)
		return 0;
	judge_prepare(slot);
	if (judge_path(slot, 0) || judge_path(slot, 1))
		return answer_unbuilt(slot);
	if (ka_judge_pair_class(slot, KA_CLASS_FILE) || ka_judge_pair_class(slot, KA_CLASS_EXEC))
		return -EACCES;
	return 0;
}

/* What else ka_judge asks about one name, of the old one; apart, for the stack's sake. */
__noinline int ka_judge_pair_alias(struct ka_scratch *slot)
{
	if (!slot)
		return 0;
	slot->access.cls = KA_CLASS_FILE;
	return judge_alias(slot);
}

/* The refusal of something that is no access by a rule's terms: its place, for the record. */
__noinline int ka_refuse(struct ka_scratch *slot)
{
	if (!slot)
		return 0;
	judge_prepare(slot);
	judge_path(slot, 0);
	event_due(slot, 0, KA_BLOCK, 0);
	return 0;
}

static __always_inline void judge_new(struct ka_scratch *slot, __u32 cls)
{
	slot->access.cls = cls;
	slot->access.options = 0;
	slot->access.open_flags = 0;
	slot->access.args_rule = 0;
	slot->due_verdict = 0;
}

/* A slot for the current task's access, or null; then *answer_ is what to say without one. */
static __always_inline struct ka_scratch *judge_claim(const struct ka_subject *who, __u32 cls, int *answer_)
{
	struct ka_scratch *slot = scratch_take();

	*answer_ = 0;
	if (!slot) {
		if (class_flags(who->plan, cls) & KA_CLASS_CAN_BLOCK)
			*answer_ = -EACCES;
		return 0;
	}
	slot->subject = *who;
	judge_new(slot, cls);
	return slot;
}

/* The same, null with answer 0 also if the class has nothing to say. */
static __always_inline struct ka_scratch *judge_begin(const struct ka_subject *who, __u32 cls, int *answer_)
{
	*answer_ = 0;
	return class_idle(who, cls) ? 0 : judge_claim(who, cls, answer_);
}

/* Tells what is to be told, gives the slot back, and answers as an LSM hook may (the verifier wants the range). */
static __always_inline int judge_close(struct ka_scratch *slot, int answer)
{
	if (slot->due_verdict)
		ka_event_emit(slot);
	scratch_give(slot);
	return answer ? -EACCES : 0;
}

static __always_inline int judge_end(struct ka_scratch *slot)
{
	return judge_close(slot, ka_judge(slot));
}

static __always_inline int judge_end_pair(struct ka_scratch *slot)
{
	return judge_close(slot, ka_judge_pair(slot) ?: ka_judge_pair_alias(slot));
}

#endif
