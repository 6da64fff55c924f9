import {
  AccessBit,
  Class,
  KA_CELL_RULE_SHIFT,
  KA_CELL_VERDICT_MASK,
  Verdict as Word,
} from '@kubearmor-ts/abi';
import type { Access, EnforcedClass, EnforcementPlan, Verdict } from '@kubearmor-ts/plan';

/** Records of bpf/test/prog/replay.c. */
const RECORD_SIZE = 40;
const [PLAN, ACCESS] = [1, 2];
/** enum event_option of bpf/lib/event.bpf.h. */
const EVENT_AUDIT = 1;

const classes = {
  exec: Class.EXEC,
  file: Class.FILE,
  capability: Class.CAPABILITY,
  network: Class.NETWORK,
} as const satisfies Record<EnforcedClass, number>;

export function planRecord(plan: EnforcementPlan): Buffer {
  const head = Buffer.alloc(RECORD_SIZE);
  head.writeUInt32LE(PLAN, 0);
  head.writeUInt32LE(plan.blob.length, 4);
  head.writeBigUInt64LE(plan.contentHash, 8);
  return Buffer.concat([head, plan.blob]);
}

export function accessRecord(access: Access): Buffer {
  const { path, source = new Uint8Array(), args = [] } = access;
  const argsText = Buffer.concat(args.map((arg) => Buffer.concat([arg, Buffer.from([0])])));
  const head = Buffer.alloc(RECORD_SIZE);
  head.writeUInt32LE(ACCESS, 0);
  head.writeUInt32LE(classes[access.class], 16);
  head.writeUInt32LE(
    (access.owner ? AccessBit.OWNER : 0) |
      (access.write ? AccessBit.WRITE : 0) |
      (access.tty ? AccessBit.TTY : 0),
    20,
  );
  head.writeUInt32LE(path.length, 24);
  head.writeUInt32LE(source.length, 28);
  head.writeUInt32LE(args.length, 32);
  head.writeUInt32LE(argsText.length, 36);
  return Buffer.concat([head, path, source, argsText]);
}

/** One line of its answers, in the words of the reference evaluator. */
export function readAnswer(line: string): { readonly verdict: Verdict; readonly ruleNumber: number } {
  const numbers = line.split(' ').map(Number);
  const [denied = 0, due = 0, cell = 0, options = 0, decide = 0, argsRule = 0] = numbers;
  if (numbers.length !== 6 || numbers.some(Number.isNaN)) throw new Error(`not an answer: ${line}`);
  const rule = cell >>> KA_CELL_RULE_SHIFT;
  if (denied === 1) return { verdict: 'block', ruleNumber: rule };
  if (due === Word.REPORT)
    return { verdict: (options & EVENT_AUDIT) === 0 ? 'report' : 'audit', ruleNumber: rule };
  if (argsRule > 0) return { verdict: 'allow', ruleNumber: argsRule };
  return (decide & KA_CELL_VERDICT_MASK) === Word.ALLOW
    ? { verdict: 'allow', ruleNumber: decide >>> KA_CELL_RULE_SHIFT }
    : { verdict: 'none', ruleNumber: 0 };
}
