/** Closed sets of words that alerts and logs carry; SIEM rules match on them literally. */

export const eventTypes = [
  'MatchedPolicy',
  'MatchedHostPolicy',
  'MatchedNetworkPolicy',
  'SystemEvent',
  'ContainerLog',
  'HostLog',
] as const;
export type EventType = (typeof eventTypes)[number];

export const operations = [
  'Process',
  'File',
  'Network',
  'Capabilities',
  'Syscall',
  'Device',
  'NetworkFirewall',
  'AlertThreshold',
] as const;
export type Operation = (typeof operations)[number];

export const alertActions = ['Audit', 'Block', 'Audit (Block)'] as const;
export type AlertAction = (typeof alertActions)[number];

export const enforcers = [
  'eBPF Monitor',
  'BPFLSM',
  'AppArmor',
  'SELinux',
  'PRESET-AnonMapExecutionPreset',
  'PRESET-ExecPreset',
  'PRESET-FilelessExecutionPreset',
  'PRESET-ProtectEnvPreset',
  'PRESET-ProtectProcPreset',
  'USBDeviceHandler',
  'NetworkPolicyEnforcer',
] as const;
export type Enforcer = (typeof enforcers)[number];

/** `PolicyName` of an alert that no rule but the posture of a class with Allow rules raised. */
export const defaultPosturePolicy = 'DefaultPosture';

/** Namespace of containers that no orchestrator started. */
export const containerNamespace = 'container_namespace';
