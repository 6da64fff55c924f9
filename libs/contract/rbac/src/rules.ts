import type { Right } from './right.ts';

/** As in a Role of rbac.authorization.k8s.io/v1. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** One rule for each right, in their order, so that a role can be read beside the table. */
export const rulesOf = (rights: readonly Right[]): readonly PolicyRule[] =>
  rights.map(({ group, resource, verbs, names }) => ({
    apiGroups: [group],
    resources: [resource],
    ...(names === undefined ? {} : { resourceNames: names }),
    verbs,
  }));
