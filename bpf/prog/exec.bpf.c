/* SPDX-License-Identifier: GPL-2.0 */

/*
 * Running programs. What these hooks answer when they cannot decide: -EACCES if the plan's exec class can block
 * anything, or if a program of a workload would run without a label; else 0; counted either way.
 */

static __always_inline void exec_object(struct ka_scratch *slot, struct file *file)
{
	slot->access.place[0].mnt = (__u64)file->f_path.mnt;
	slot->access.place[0].dentry = (__u64)file->f_path.dentry;
	slot->access.owner_uid[0] = file->f_inode->i_uid.val;
	slot->access.write = 0;
}

/*
 * A rule with allowedArgs denies at first, and is asked about the arguments only then. Once it permits them the run is
 * judged again without its denial: by Audit rules above it, and under the program's other name. A denial by a second
 * such rule stands.
 */
static __always_inline int judge_run(struct ka_scratch *slot, struct linux_binprm *bprm)
{
	int answer = ka_judge(slot);

	if (!slot->due_verdict)
		return judge_close(slot, answer);
	slot->args.tables = (__u64)bprm->mm->pgd;
	slot->args.at = bprm->p;
	slot->args.count = bprm->argc;
	if (ka_args_permit(slot)) {
		slot->due_verdict = 0;
		slot->access.options = 0;
		answer = ka_judge(slot);
	}
	return judge_close(slot, answer);
}

/*
 * security_bprm_check runs before the point of no return, for the program and again for the interpreter of a script
 * (fs/exec.c, search_binary_handler), so both are judged. The task still bears the label of the program that calls
 * exec: that is the source of a process rule.
 *
 * A container's first program enters its workload here, before it has run an instruction, and is itself judged; also
 * by the file class, since it was opened before the task had a workload.
 */
SEC("lsm/bprm_check_security")
int BPF_PROG(on_bprm_check, struct linux_binprm *bprm, int ret)
{
	struct ka_subject who;
	struct ka_scratch *slot;
	int entered;

	if (ret)
		return ret;
	entered = task_enter(bpf_get_current_task_btf());
	if (entered < 0)
		return -EACCES;
	if (!task_subject(&who))
		return 0;
	if (is_out_of_sight(&who, (__u64)bprm->file->f_path.mnt))
		return refuse_out_of_sight(&who, bprm->file, KA_HOOK_SECURITY_BPRM_CHECK);
	slot = judge_begin(&who, KA_CLASS_EXEC, &ret);
	if (slot) {
		slot->access.hook = KA_HOOK_SECURITY_BPRM_CHECK;
		exec_object(slot, bprm->file);
		ret = judge_run(slot, bprm);
	}
	if (ret || !entered)
		return ret;
	slot = judge_begin(&who, KA_CLASS_FILE, &ret);
	if (!slot)
		return ret;
	slot->access.hook = KA_HOOK_FILE_OPEN;
	exec_object(slot, bprm->file);
	return judge_end(slot);
}

/* Past the point of no return: from here on the task's accesses are the new program's (fs/exec.c, setup_new_exec). */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(on_bprm_committed, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ka_task *label = bpf_task_storage_get(&tasks, task, 0, 0);
	__u32 workload = label ? label->workload : KA_HOST_WORKLOAD;
	__u64 binding = task_binding(workload);
	struct ka_scratch *slot;

	if (workload == KA_HOST_WORKLOAD && !label) {
		if (!(__u32)binding || !task_is_hosts(task))
			return 0;
		label = task_host_label(binding);
	}
	if (!label)
		return 0;
	label->label = 0;
	label->binding = 0; /* not any binding's: if the label cannot be found now, the next access tries again */
	if (!(__u32)binding)
		return 0;
	slot = scratch_take();
	if (!slot)
		return 0;
	slot->access.place[0].mnt = (__u64)bprm->file->f_path.mnt;
	slot->access.place[0].dentry = (__u64)bprm->file->f_path.dentry;
	slot->stop = path_namespace_root(task);
	label->label = task_label_of(slot, binding);
	label->binding = binding;
	scratch_give(slot);
	return 0;
}

struct name_search {
	const char *text;
	__u32 found;
};

/* ".so" at the name's end or before a '.', as in libc.so.6. */
static long name_step(__u32 i, struct name_search *search)
{
	const char *text = search->text + (i & 255);

	if (!text[0])
		return 1;
	if (text[0] == '.' && text[1] == 's' && text[2] == 'o' && (!text[3] || text[3] == '.')) {
		search->found = 1;
		return 1;
	}
	return 0;
}

/* Whether the name of a dentry is a shared library's; the loader itself has such a name. */
static __noinline bool is_library(struct ka_scratch *slot, __u64 dentry)
{
	struct name_search search = { .text = slot->path[1].text };
	__u64 name = KA_ADDRESS(struct dentry, dentry, d_name.name);

	bpf_probe_read_kernel_str(slot->path[1].text, KA_NAME_MAX + 1, (void *)name);
	bpf_loop(KA_NAME_MAX, name_step, &search, 0);
	return search.found;
}

/*
 * Running a program without exec: handing it to the dynamic loader. The loader maps it executable, as no one maps
 * anything but shared libraries, which their names tell apart. A program that maps other things is held to Block
 * rules alone: under a whitelist every plug-in would have to be listed as a program. But where the program is the
 * loader, what it maps is what runs, and the posture speaks too. Mappings that exec itself makes come after its own
 * check.
 */
static __always_inline int judge_mapping(__u64 file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ka_subject who;
	struct ka_scratch *slot;
	__u64 dentry, inode;
	int ret;

	if (!file || BPF_CORE_READ_BITFIELD(task, in_execve))
		return 0;
	if (!task_subject(&who) || !(class_flags(who.plan, KA_CLASS_EXEC) & KA_CLASS_CAN_BLOCK))
		return 0;
	slot = judge_begin(&who, KA_CLASS_EXEC, &ret);
	if (!slot)
		return ret;
	dentry = KA_ADDRESS(struct file, file, f_path.dentry);
	if (is_library(slot, dentry)) {
		scratch_give(slot);
		return 0;
	}
	slot->access.options = ACCESS_BLOCK_ONLY | ACCESS_RULES_ONLY;
	if (is_library(slot, (__u64)task->mm->exe_file->f_path.dentry))
		slot->access.options = ACCESS_BLOCK_ONLY;
	inode = KA_ADDRESS(struct file, file, f_inode);
	slot->access.hook = KA_HOOK_MMAP_FILE;
	slot->access.place[0].mnt = KA_ADDRESS(struct file, file, f_path.mnt);
	slot->access.place[0].dentry = dentry;
	slot->access.owner_uid[0] = KA_READ(struct inode, inode, i_uid.val);
	slot->access.write = 0;
	return judge_end(slot);
}

SEC("lsm/mmap_file")
int BPF_PROG(on_mmap_file, struct file *typed_file, unsigned long reqprot, unsigned long prot, unsigned long flags,
	     int ret)
{
	__u64 file = 0;

	if (ret)
		return ret;
	if (!(prot & PROT_EXEC))
		return 0;
	/* Null for anonymous memory, and the verifier of 6.12 takes the argument for never null: read it as a number. */
	bpf_probe_read_kernel(&file, sizeof(file), ctx);
	return judge_mapping(file);
}

/* Memory that was mapped as data and becomes code. */
SEC("lsm/file_mprotect")
int BPF_PROG(on_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot, int ret)
{
	__u64 area = (__u64)vma;

	if (ret)
		return ret;
	if (!(prot & PROT_EXEC) || KA_READ(struct vm_area_struct, area, vm_flags) & VM_EXEC)
		return 0;
	return judge_mapping(KA_ADDRESS(struct vm_area_struct, area, vm_file));
}
