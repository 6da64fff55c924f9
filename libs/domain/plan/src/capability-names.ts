import { KA_CAPABILITY_KEY } from '@kubearmor-ts/abi';
import type { PathPattern } from '@kubearmor-ts/match';
import { capabilityWords } from '@kubearmor-ts/policy';

/* What the tables and the kernel call a capability (plan.h). */

/** The name of a capability by its word (`CAP_NET_RAW`); undefined if there is none of that name. */
export function capabilityName(word: string): Uint8Array | undefined {
  const number = (capabilityWords as readonly string[]).indexOf(word);
  return number < 0 ? undefined : Uint8Array.of(number + KA_CAPABILITY_KEY);
}

/** The word of a capability by its name; one that is younger than this program is `CAP_` and its number. */
export function capabilityOfName(name: Uint8Array): string {
  const number = (name[0] ?? 0) - KA_CAPABILITY_KEY;
  return capabilityWords[number] ?? `CAP_${number}`;
}

export function capabilityPattern(word: string): PathPattern {
  const path = capabilityName(word);
  return path === undefined ? { kind: 'never', reason: 'UnknownWord' } : { kind: 'exact', path };
}
