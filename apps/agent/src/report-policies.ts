import { policyTitle } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import type { Logger } from '@kubearmor-ts/telemetry';
import type { PolicyStore } from './policy-store.ts';
import { unenforcedParts } from './unenforced-parts.ts';

/** Above this a bulk load says how many, not which. */
const NAMED_MAX = 50;

/** Says once for each policy what of it is not enforced, and for each broken document where it is broken. */
export function reportStorePolicies(
  store: PolicyStore,
  logger: Logger,
  report: (error: CodedError) => void,
): void {
  store.onChange(({ set, gone }) => {
    logger.info({ set: set.length, gone: gone.length, total: store.size }, 'policies changed');
    for (const policy of set.slice(0, NAMED_MAX)) {
      for (const { reason, message } of unenforcedParts(policy)) {
        report({ code: 'KA_AGENT_POLICY_LIMITED', reason, message, object: policyTitle(policy.id) });
      }
    }
  });
  store.onProblem((error) => report(error));
}
