import { codeList } from '@kubearmor-ts/abi';
import type { FrameAck } from '@kubearmor-ts/abi';
import type { CodedError } from '@kubearmor-ts/result';

export const enforcerErrorTable = {
  KA_ENFORCER_ABI_MISMATCH: 'AbiMismatch',
  KA_ENFORCER_BUSY: 'AnotherEnforcerRuns',
  KA_ENFORCER_BAD_FRAME: 'BadFrame',
  KA_ENFORCER_GONE: 'EnforcerGone',
  KA_ENFORCER_HANGS: 'EnforcerHangs',
  KA_ENFORCER_KERNEL_UNSUPPORTED: 'KernelUnsupported',
  KA_ENFORCER_NOT_RUNNING: 'EnforcerNotRunning',
  KA_ENFORCER_NOT_STARTED: 'EnforcerNotStarted',
  KA_ENFORCER_PINS: 'PinsUnavailable',
  KA_ENFORCER_PLAN_HASH: 'PlanHashDiffers',
  KA_ENFORCER_PROGRAM_REJECTED: 'ProgramRejected',
  KA_ENFORCER_QUEUE_FULL: 'QueueFull',
  KA_ENFORCER_REFUSED: 'CommandRefused',
  KA_ENFORCER_TEXT_INVALID: 'TextInvalid',
  KA_ENFORCER_USAGE: 'EnforcerUsage',
} as const;

export type EnforcerErrorCode = keyof typeof enforcerErrorTable;

export interface EnforcerFault extends CodedError {
  readonly code: EnforcerErrorCode;
}

export const fault = (
  code: EnforcerErrorCode,
  message: string,
  more: { object?: string; place?: string; cause?: unknown } = {},
): EnforcerFault => ({
  code,
  reason: enforcerErrorTable[code],
  message,
  ...more,
});

/** What `start` rejects with. */
export class EnforcerError extends Error {
  readonly code: EnforcerErrorCode;
  readonly reason: string;

  constructor(error: EnforcerFault) {
    super(error.message, { cause: error.cause });
    this.name = 'EnforcerError';
    this.code = error.code;
    this.reason = error.reason;
  }
}

/** The enforcer's refusal of one command, in words; `place` is the part that it found wrong. */
export const refusal = (object: string, ack: Pick<FrameAck, 'code' | 'error' | 'detail'>): EnforcerFault => {
  const row = codeList[ack.code];
  const detail = ack.detail.toString('utf8');
  return fault(
    'KA_ENFORCER_REFUSED',
    `${object}: ${row?.text ?? `unknown code ${ack.code}`}${detail === '' ? '' : ` (${detail})`}${ack.error === 0 ? '' : `, errno ${-ack.error}`}`,
    { object, place: row === undefined ? String(ack.code) : row.name },
  );
};

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The process could not be started at all. */
  readonly spawnError?: Error;
}

/** By exit code, as `ka-enforcer --help` lists them: the error, and whether trying again can help. */
const exits: ReadonlyMap<number, readonly [EnforcerErrorCode, string, boolean]> = new Map([
  [0, ['KA_ENFORCER_GONE', 'ended', true]],
  [1, ['KA_ENFORCER_GONE', 'failed', true]],
  [2, ['KA_ENFORCER_USAGE', 'was started wrongly', false]],
  [3, ['KA_ENFORCER_KERNEL_UNSUPPORTED', 'finds no BPF LSM in this kernel', false]],
  [4, ['KA_ENFORCER_PROGRAM_REJECTED', 'had a program rejected by this kernel', false]],
  [5, ['KA_ENFORCER_PINS', 'cannot make or read its pins', true]],
  [6, ['KA_ENFORCER_BUSY', 'found another enforcer serving the pins', true]],
  [7, ['KA_ENFORCER_BAD_FRAME', 'was sent a broken frame', true]],
]);

export const exitFault = (
  exit: Exit,
  lastWords: string,
): { readonly error: EnforcerFault; readonly canRetry: boolean } => {
  const said = lastWords === '' ? '' : `: ${lastWords}`;
  if (exit.spawnError !== undefined) {
    return {
      error: fault('KA_ENFORCER_NOT_STARTED', `the enforcer cannot be started: ${exit.spawnError.message}`, {
        cause: exit.spawnError,
      }),
      canRetry: false,
    };
  }
  const [code, text, canRetry] = (exit.code === null ? undefined : exits.get(exit.code)) ?? [
    'KA_ENFORCER_GONE' as const,
    `ended with ${exit.signal ?? `code ${exit.code}`}`,
    true,
  ];
  return { error: fault(code, `the enforcer ${text}${said}`), canRetry };
};
