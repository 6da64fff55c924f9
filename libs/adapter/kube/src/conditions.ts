/** As in `metav1.Condition`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339, seconds. */
  readonly lastTransitionTime: string;
}

export type NewCondition = Omit<Condition, 'lastTransitionTime'>;

const maxMessageLength = 32_768;

/**
 * The conditions with one set: `lastTransitionTime` moves only with `status`. Gives the very array back when nothing
 * differs, so that a caller writes only what changed. Order is kept; a new type comes last. `nowMs` is Unix time.
 */
export function setCondition(
  conditions: readonly Condition[],
  next: NewCondition,
  nowMs: number,
): readonly Condition[] {
  const known = conditions.find(({ type }) => type === next.type);
  const wanted = { ...next, message: next.message.slice(0, maxMessageLength) };
  if (known !== undefined && isSame(known, wanted)) return conditions;
  const lastTransitionTime =
    known?.status === next.status
      ? known.lastTransitionTime
      : `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const made: Condition = { ...wanted, lastTransitionTime };
  return known === undefined ? [...conditions, made] : conditions.map((old) => (old === known ? made : old));
}

/** The conditions without one; the same array when it was not there. */
export const dropCondition = (conditions: readonly Condition[], type: string): readonly Condition[] =>
  conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;

/** True only of a condition that speaks about this generation of the object. */
export const isConditionTrue = (
  conditions: readonly Condition[],
  type: string,
  generation: number | undefined,
): boolean =>
  conditions.some(
    (condition) =>
      condition.type === type &&
      condition.status === 'True' &&
      (generation === undefined || condition.observedGeneration === generation),
  );

const isSame = (a: NewCondition, b: NewCondition): boolean =>
  a.status === b.status &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.observedGeneration === b.observedGeneration;
