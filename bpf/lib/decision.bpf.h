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

#include "event.bpf.h"

/* True if the class has no rule at all for this caller: nothing to build a path for. */
static __always_inline bool class_idle(const struct ka_subject *who, __u32 cls)
{
	const char *start = arena_start();
	const struct ka_class_plan *class;

	if (!start)
		return true;
	class = plan_class(start, who->plan, cls);
	return !class->root[0] && !class->unmatched.decide && !class->unmatched.audit && !who->label;
}

static __always_inline __u32 class_flags(__u32 plan, __u32 cls)
{
	const char *start = arena_start();

	return start ? plan_class(start, plan, cls)->flags : 0;
}

static __always_inline __u32 access_bits(const struct ka_access *access)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 bits = access->write;

	if (task->signal->tty)
		bits |= KA_ACCESS_TTY;
	if (task->cred->fsuid.val == access->owner_uid)
		bits |= KA_ACCESS_OWNER;
	return bits;
}

static __always_inline int answer_unbuilt(struct ka_scratch *slot)
{
	ka_count(KA_COUNTER_PATH_UNBUILT);
	if (!(class_flags(slot->subject.plan, slot->access.cls) & KA_CLASS_CAN_BLOCK) ||
	    slot->access.options & ACCESS_RULES_ONLY)
		return 0;
	ka_count(KA_COUNTER_PATH_UNBUILT_DENIED);
	ka_event_emit(slot, 0, KA_BLOCK, 0);
	return -EACCES;
}

/* Judges and reports what is in slot->match; 0 or -EACCES. */
static __always_inline int answer_match(struct ka_scratch *slot)
{
	__u32 decide = slot->match.decide;
	__u32 audit = slot->match.audit;
	__u32 verdict = decide & KA_CELL_VERDICT_MASK;
	__u32 options = slot->access.options;

	if (options & ACCESS_RULES_ONLY && !(decide >> KA_CELL_RULE_SHIFT))
		return 0;
	if (verdict == KA_BLOCK) {
		ka_event_emit(slot, decide, KA_BLOCK, 0);
		return -EACCES;
	}
	if (options & ACCESS_BLOCK_ONLY)
		return 0;
	if (audit >> KA_CELL_RULE_SHIFT > decide >> KA_CELL_RULE_SHIFT) {
		ka_event_emit(slot, audit, KA_REPORT, 1);
		return 0;
	}
	if (verdict == KA_REPORT)
		ka_event_emit(slot, decide, KA_REPORT, 0);
	return 0;
}

/*
 * The object's name inside the workload's root file system, if it was reached by another mount of that file system:
 * a bind mount made before the workload started, a detached one (open_tree), a private copy of the mount tree, an
 * overlay on top of the root. A block there wins.
 */
static __always_inline int judge_alias(struct ka_scratch *slot)
{
	__u64 dentry = slot->access.object.dentry;
	__u32 options = slot->access.options;
	int at;

	if (!slot->subject.root_super || KA_ADDRESS(struct dentry, dentry, d_sb) != slot->subject.root_super)
		return 0;
	if (!(options & ACCESS_BEHIND) && slot->access.object.mnt == slot->subject.root_mount &&
	    slot->path[0].crossings <= 1)
		return 0;
	at = ka_path_build_below(&slot->path[0], dentry, slot->subject.root_dentry);
	if (at < 0)
		return 0;
	if (match_path(&slot->match, &slot->path[0], at, slot->subject.plan, slot->access.cls, slot->subject.label,
		       access_bits(&slot->access)))
		return 0;
	slot->at[0] = at;
	slot->access.options = options | ACCESS_BLOCK_ONLY | ACCESS_RULES_ONLY;
	return answer_match(slot);
}

/* Judges slot->access for slot->subject, object by object; 0 or -EACCES. */
__noinline int ka_judge(struct ka_scratch *slot)
{
	int answer, at;

	if (!slot)
		return 0;
	slot->at[0] = -1;
	slot->at[1] = -1;
	slot->stop = path_namespace_root(bpf_get_current_task_btf());
	ka_count(KA_COUNTER_DECISIONS);
	if (!(slot->access.options & ACCESS_BEHIND)) {
		at = ka_path_build(&slot->path[0], slot->access.object.mnt, slot->access.object.dentry,
				   *(volatile __u64 *)&slot->stop);
		if (at < 0)
			return answer_unbuilt(slot);
		slot->at[0] = at;
		if (match_path(&slot->match, &slot->path[0], at, slot->subject.plan, slot->access.cls,
			       slot->subject.label, access_bits(&slot->access)))
			return 0;
		answer = answer_match(slot);
		if (answer)
			return answer;
	}
	return judge_alias(slot);
}

/* Claims a slot for the current task's access of a class. Null if nothing is to be judged, with *denied_ set if not
 * being able to judge means no. */
static __always_inline struct ka_scratch *judge_begin(struct ka_subject *who, __u32 cls, int *denied_)
{
	struct ka_scratch *slot;

	*denied_ = 0;
	if (class_idle(who, cls))
		return 0;
	slot = scratch_take();
	if (!slot) {
		if (class_flags(who->plan, cls) & KA_CLASS_CAN_BLOCK)
			*denied_ = -EACCES;
		return 0;
	}
	slot->subject = *who;
	slot->access.cls = cls;
	slot->access.options = 0;
	slot->access.open_flags = 0;
	return slot;
}

#endif
