export { findContainerCgroup, toCgroupNames } from './cgroup-name.ts';
export { sameFacts, withoutPid } from './container-facts.ts';
export type { ContainerFacts } from './container-facts.ts';
export { diffContainers } from './diff-containers.ts';
export type { ContainerChange } from './diff-containers.ts';
export { WorkloadNumbers } from './workload-numbers.ts';
export { toUserLabels, toWorkload, toWorkloadKey, UNORCHESTRATED_NAMESPACE } from './workload.ts';
export type { Workload, WorkloadKey } from './workload.ts';
