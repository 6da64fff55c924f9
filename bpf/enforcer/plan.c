/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct table {
	__u64 start;
	__u64 end;
	__u32 step;
	__u32 align; /* plan.h, invariant 2; of 32-bit numbers */
};

static struct table table_of(__u32 start, __u32 count, __u32 step, __u32 align)
{
	return (struct table){ .start = start, .end = start + (__u64)count * step, .step = step, .align = align };
}

/* An empty table may have any start, it is never looked at. */
static bool table_fits(const struct table *t, __u32 size)
{
	if (t->start == t->end)
		return true;
	return t->start >= sizeof(struct ka_plan) && t->start % t->align == 0 && t->end <= size;
}

static bool tables_disjoint(const struct table *a, const struct table *b)
{
	return a->start == a->end || b->start == b->end || a->end <= b->start || b->end <= a->start;
}

static bool is_element(const struct table *t, __u32 off)
{
	return off >= t->start && off < t->end && (off - t->start) % t->step == 0;
}

static bool is_element_or_none(const struct table *t, __u32 off)
{
	return off == 0 || is_element(t, off);
}

/* Audit cells can only report; any verdict may decide. */
static bool cell_holds(const struct ka_cell *cell, __u32 rule_count)
{
	__u32 audit = cell->audit & KA_CELL_VERDICT_MASK;

	return cell->decide >> KA_CELL_RULE_SHIFT <= rule_count && cell->audit >> KA_CELL_RULE_SHIFT <= rule_count &&
	       (audit == KA_REPORT || cell->audit == 0);
}

static bool speaks(const struct ka_plan *plan, int cls)
{
	return plan->cls[cls].flags & KA_CLASS_SPEAKS;
}

static const char *classes_wrong(const struct ka_plan *plan, const struct table *states)
{
	for (int c = 0; c < KA_CLASS_COUNT; c++) {
		bool ended = false;

		for (int i = 0; i < KA_GLOBAL_DFAS; i++) {
			__u32 root = plan->cls[c].root[i];

			if (!is_element_or_none(states, root))
				return "class root is not a state";
			if (root && ended)
				return "class roots are not packed to the front";
			ended = ended || !root;
		}
		if ((plan->cls[c].root[0] || plan->cls[c].unmatched.decide || plan->cls[c].unmatched.audit) && !speaks(plan, c))
			return "class with rules is marked as one without";
		if (!cell_holds(&plan->cls[c].unmatched, plan->rule_count))
			return "unmatched cell names no rule";
	}
	return NULL;
}

static const char *sources_wrong(const struct ka_plan *plan, const struct table *states, const struct table *sources)
{
	const struct ka_source_plan *source = (const void *)((const char *)plan + sources->start);

	if (!is_element_or_none(states, plan->source_root))
		return "source root is not a state";
	if (plan->source_root && !plan->source_count)
		return "source root without sources";
	for (__u64 at = sources->start; at < sources->end; at += sizeof(*source), source++)
		for (int c = 0; c < KA_CLASS_COUNT; c++)
			for (int i = 0; i < KA_SOURCE_DFAS; i++)
				if (!is_element_or_none(states, source->root[c][i]) ||
				    (at == sources->start && source->root[c][i]))
					return "source entry's root is not a state";
				else if (source->root[c][i] && !speaks(plan, c))
					return "class with a source's rules is marked as one without";
	return NULL;
}

/* The walk starts at a state; the bit beside its offset needs one to stand beside. */
static const char *args_wrong(const struct ka_plan *plan, const struct table *states, const struct table *args)
{
	const __u32 *entry = (const void *)((const char *)plan + args->start);

	for (__u64 at = args->start; at < args->end; at += sizeof(*entry), entry++)
		if (*entry && (at == args->start || !is_element(states, *entry & ~KA_ARGS_OWNER_ONLY)))
			return "argument table's entry is not a state";
	return NULL;
}

static const char *tables_wrong(const struct ka_plan *plan, const struct table tables[], int count)
{
	for (int i = 0; i < count; i++) {
		if (!table_fits(&tables[i], plan->size))
			return "table leaves the plan";
		for (int other = 0; other < i; other++)
			if (!tables_disjoint(&tables[i], &tables[other]))
				return "tables overlap";
	}
	return NULL;
}

int plan_check(const void *blob, size_t len, const char **ret_why)
{
	const struct ka_plan *plan = blob;
	struct table states, edges, rows, sources, args;
	const char *why = NULL;

	if (len < sizeof(*plan))
		why = "plan is shorter than its header";
	else if (plan->magic != KA_PLAN_MAGIC)
		why = "plan has another magic";
	else if (plan->abi_version != KA_ABI_VERSION)
		why = "plan is of another ABI version";
	else if (plan->size != len || len % 64)
		why = "plan's size is not what came";
	else if (plan->rule_count > ~0U >> KA_CELL_RULE_SHIFT)
		why = "too many rules";
	else if (plan->source_count > KA_MAX_SOURCES)
		why = "too many sources";
	if (why)
		goto out;

	states = table_of(plan->states, plan->state_count, sizeof(struct ka_state), 16);
	edges = table_of(plan->edges, plan->edge_count, sizeof(struct ka_edge), 8);
	rows = table_of(plan->rows, plan->row_count, sizeof(struct ka_row), 64);
	/* A plan without sources needs no table; one with sources has the all-zero entry 0 in front. */
	sources = table_of(plan->sources, plan->sources ? plan->source_count + 1 : 0, sizeof(struct ka_source_plan), sizeof(__u32));

	args = table_of(plan->args, plan->args ? plan->rule_count + 1 : 0, sizeof(__u32), sizeof(__u32));

	if (plan->source_count && !plan->sources)
		why = "sources without a table";
	else
		why = tables_wrong(plan, (const struct table[]){ states, edges, rows, sources, args }, 5);
	if (why)
		goto out;

	const struct ka_state *state = (const void *)((const char *)blob + states.start);
	__u32 max_value = plan->source_count > KA_STATE_BLOCKS_BELOW ? plan->source_count : KA_STATE_BLOCKS_BELOW;

	for (__u32 i = 0; i < plan->state_count && !why; i++, state++) {
		if (state->base && (!is_element(&edges, state->base) || state->base + 256ULL * sizeof(struct ka_edge) > edges.end))
			why = "state's edges leave the edge table";
		else if (!is_element(&states, state->fallback))
			why = "state's fallback is not a state";
		else if (!is_element_or_none(&rows, state->row))
			why = "state's row is not a row";
		else if (state->value > max_value)
			why = "state's value is out of range";
	}

	const struct ka_edge *edge = (const void *)((const char *)blob + edges.start);

	for (__u32 i = 0; i < plan->edge_count && !why; i++, edge++) {
		if (!edge->owner ? edge->next : !is_element(&states, edge->owner) || !is_element(&states, edge->next))
			why = "edge does not join two states";
	}

	const struct ka_row *row = (const void *)((const char *)blob + rows.start);

	for (__u32 i = 0; i < plan->row_count && !why; i++, row++)
		for (int c = 0; c < 8 && !why; c++)
			if (!cell_holds(&row->cell[c], plan->rule_count))
				why = "row's cell names no rule";

	if (!why)
		why = classes_wrong(plan, &states);
	if (!why)
		why = sources_wrong(plan, &states, &sources);
	if (!why)
		why = args_wrong(plan, &states, &args);
out:
	*ret_why = why;
	return why ? -EINVAL : 0;
}

static void shift(__u32 *off, __u32 base)
{
	if (*off)
		*off += base;
}

void plan_relocate(void *blob, __u32 base)
{
	const struct ka_plan *plan = blob;
	struct ka_state *state = (void *)((char *)blob + plan->states);
	struct ka_edge *edge = (void *)((char *)blob + plan->edges);

	for (__u32 i = 0; i < plan->state_count; i++, state++) {
		shift(&state->base, base);
		shift(&state->fallback, base);
		shift(&state->row, base);
	}
	for (__u32 i = 0; i < plan->edge_count; i++, edge++) {
		shift(&edge->owner, base);
		shift(&edge->next, base);
	}
}
