import type { Enforcer, Hello } from '@kubearmor-ts/enforcer';
import type { Service } from '@kubearmor-ts/life';
import type { CodedError } from '@kubearmor-ts/result';

export interface RunEnforcerOptions {
  readonly onReady: (hello: Hello) => void;
  readonly onError: (error: CodedError) => void;
}

/**
 * Starts the enforcer without waiting for it: loading programs takes seconds on some kernels, and an agent that cannot
 * enforce still has to say so.
 */
export function runEnforcer(enforcer: Enforcer, options: RunEnforcerOptions): Service {
  let started: Promise<void> = Promise.resolve();
  return {
    name: 'enforcer',
    start: (signal) => {
      started = enforcer.start(signal).then(options.onReady, (cause: unknown) => {
        if (signal.aborted) return;
        const { code = 'KA_AGENT_ENFORCER', reason = 'EnforcerFailed' } = cause as Partial<CodedError>;
        options.onError({
          code,
          reason,
          object: 'enforcer',
          message: `nothing new can be enforced: ${cause instanceof Error ? cause.message : String(cause)}`,
        });
      });
      return Promise.resolve();
    },
    stop: async () => {
      await enforcer.stop();
      await started;
    },
  };
}
