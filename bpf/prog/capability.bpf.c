/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Using capabilities. The hook is asked only about what the caller has: the kernel's own check (security/commoncap.c)
 * comes first and its refusal ends the asking. It is asked very often, several times for one path that root walks, so
 * it leaves as soon as the plan says nothing about capabilities, and decides without a slot of working memory. There
 * is always an answer; without a slot a refusal stands and its record is missing, which is counted.
 */

/* Registers are those of the last system call; its number is the same for 32-bit callers (all architectures' table). */
#define NR_IO_URING_ENTER 426

/*
 * True while the kernel works for the caller under somebody else's credentials: overlayfs under those of the container
 * runtime that mounted it, access(2) under a copy with the real ids. What they may do is not the caller's doing.
 * io_uring too borrows credentials, but those that the program chose (IORING_REGISTER_PERSONALITY).
 */
static __always_inline bool credentials_are_lent(struct task_struct *task)
{
	struct pt_regs *regs;

	if (task->cred == task->real_cred || task->flags & PF_IO_WORKER)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs->orig_ax != NR_IO_URING_ENTER;
}

/* The automata over names of one byte: a step each, and no text. */
static __always_inline void capability_take(const char *start, __u32 state, __u8 name, __u32 bits, struct ka_cell *found)
{
	__u32 mask = (arena_size - 1) & ~7u;
	__u32 row;

	state = dfa_next(start, mask, state, name);
	row = ((const struct ka_state *)(start + (state & mask)))->row;
	if (row) {
		const struct ka_cell *cell = (const void *)(start + (row & mask));

		cell += bits;
		if (cell->decide > found->decide)
			found->decide = cell->decide;
		if (cell->audit > found->audit)
			found->audit = cell->audit;
	}
}

static __always_inline struct ka_cell capability_match(const struct ka_subject *who, __u8 name)
{
	const char *start = arena_start();
	struct ka_cell found = {};
	const struct ka_class_plan *class;
	const struct ka_plan *header;
	__u32 bits = match_bits(0, NOBODY);
	__u32 root;

	if (!start)
		return found;
	class = plan_class(start, who->plan, KA_CLASS_CAPABILITY);
#pragma unroll
	for (__u32 i = 0; i < KA_GLOBAL_DFAS; i++) {
		root = class->root[i];
		if (!root)
			break;
		capability_take(start, root + who->plan, name, bits, &found);
	}
	if (who->label) {
		const struct ka_source_plan *own;

		header = arena_at(start, who->plan);
		own = arena_at(start, who->plan + header->sources + who->label * sizeof(*own));
#pragma unroll
		for (__u32 i = 0; i < KA_SOURCE_DFAS; i++) {
			root = own->root[KA_CLASS_CAPABILITY][i];
			if (!root)
				break;
			capability_take(start, root + who->plan, name, bits, &found);
		}
	}
	if (!found.decide)
		found.decide = class->unmatched.decide;
	if (!found.audit)
		found.audit = class->unmatched.audit;
	return found;
}

/* The name in place of a path, for the record. */
static __always_inline void capability_name(struct ka_scratch *slot, __u8 name)
{
	slot->path[0].text[KA_PATH_END - 1] = name;
	slot->path[0].text[KA_PATH_END] = 0;
	slot->at[0] = KA_PATH_END - 1;
	slot->at[1] = -1;
}

SEC("lsm/capable")
int BPF_PROG(on_capable, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int options, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ka_subject who;
	struct ka_scratch *slot;
	struct ka_cell found;
	__u32 verdict;
	__u8 name = cap + KA_CAPABILITY_KEY;
	int unclaimed;

	if (ret)
		return ret;
	if (!task_speaks(task, KA_CLASS_CAPABILITY) || credentials_are_lent(task) || !task_subject(&who))
		return 0;
	ka_count(KA_COUNTER_DECISIONS);
	found = capability_match(&who, name);
	verdict = found.decide & KA_CELL_VERDICT_MASK;
	if (verdict < KA_REPORT && !found.audit)
		return 0;
	if (options & CAP_OPT_NOAUDIT) {
		if (verdict != KA_BLOCK)
			return 0;
		ka_count(KA_COUNTER_CAPABILITY_QUIET);
		return -EPERM;
	}
	slot = judge_claim(&who, KA_CLASS_CAPABILITY, &unclaimed);
	if (!slot)
		return verdict == KA_BLOCK ? -EPERM : 0;
	slot->access.hook = KA_HOOK_CAPABLE;
	slot->access.write = 0;
	slot->access.owner_uid[0] = NOBODY;
	slot->match[0].decide = found.decide;
	slot->match[0].audit = found.audit;
	slot->stop = path_namespace_root(task);
	capability_name(slot, name);
	return judge_close(slot, answer_match(slot, 0)) ? -EPERM : 0;
}
