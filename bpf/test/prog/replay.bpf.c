/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The decision on one access whose path user space names, so that the kernel can be asked the questions that the
 * matcher's other implementations are asked. Everything but where the texts come from is the code the hooks run.
 */
#include "../../lib/decision.bpf.h"
#include "replay.h"

char LICENSE[] SEC("license") = "GPL";

_Static_assert(REPLAY_TEXT_END == KA_PATH_END, "lib/path.bpf.h");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct replay_access);
} replays SEC(".maps");

static __always_inline __u32 replay_label(struct ka_scratch *slot, struct replay_access *access)
{
	const char *start = arena_start();
	const struct ka_plan *header;
	const struct ka_state *state;

	if (!start || !access->source_at)
		return 0;
	header = arena_at(start, access->plan);
	if (!header->source_root)
		return 0;
	bpf_probe_read_kernel(slot->path[0].text, REPLAY_TEXT_ROOM, access->source);
	state = arena_at(start, dfa_walk(start, &slot->path[0], access->source_at, header->source_root + access->plan));
	return state->value;
}

static __noinline int replay_judge(struct ka_scratch *slot, struct replay_access *access)
{
	slot->at[0] = access->path_at;
	slot->at[1] = -1;
	slot->match[0].want_below = 0;
	if (ka_match(slot, 0, slot->access.cls))
		return 0;
	return answer_match(slot, 0);
}

SEC("syscall")
int replay(void *ctx)
{
	__u32 zero = 0;
	struct replay_access *access = bpf_map_lookup_elem(&replays, &zero);
	struct ka_scratch *slot = scratch_take();
	int answer;

	if (!slot)
		return 1;
	if (!access) {
		scratch_give(slot);
		return 2;
	}
	slot->subject.plan = access->plan;
	slot->subject.label = replay_label(slot, access);
	slot->access.cls = access->cls;
	slot->access.write = access->write;
	slot->access.owner_uid[0] = access->owner_uid;
	slot->access.options = 0;
	slot->access.args_rule = 0;
	slot->due_verdict = 0;
	slot->due_cell = 0;
	slot->due_options = 0;
	bpf_probe_read_kernel(slot->path[0].text, REPLAY_TEXT_ROOM, access->path);
	answer = replay_judge(slot, access);
	if (slot->due_verdict && access->args_count) {
		slot->args.tables = (__u64)bpf_get_current_task_btf()->mm->pgd;
		slot->args.at = access->args_at;
		slot->args.count = access->args_count;
		if (ka_args_permit(slot)) {
			slot->due_verdict = 0;
			slot->due_options = 0;
			answer = replay_judge(slot, access);
		}
	}
	access->is_denied = answer != 0;
	access->due_verdict = slot->due_verdict;
	access->due_cell = slot->due_cell;
	access->due_options = slot->due_options;
	access->decide = slot->match[0].decide;
	access->args_rule = slot->access.args_rule;
	scratch_give(slot);
	return 0;
}
