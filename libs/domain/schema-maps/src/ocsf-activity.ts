import type { Alert, Log } from '@kubearmor-ts/proto';
import { fileChange } from './file-change.ts';
import type { FileChange } from './file-change.ts';
import { networkFacts } from './network-facts.ts';
import { isBlocked } from './outcome.ts';

/** A class of the schema and what happened in its terms. `type_uid` is `classUid` × 100 + `activityId`. */
export interface OcsfActivity {
  readonly classUid: number;
  readonly className: string;
  readonly activityId: number;
  readonly activityName: string;
}

const fileActivities: Readonly<Record<FileChange, readonly [id: number, name: string]>> = {
  create: [1, 'Create'],
  read: [2, 'Read'],
  update: [3, 'Update'],
  delete: [4, 'Delete'],
  rename: [5, 'Rename'],
  attributes: [6, 'Set Attributes'],
  security: [7, 'Set Security'],
  mount: [12, 'Mount'],
  unmount: [13, 'Unmount'],
  open: [14, 'Open'],
};

export function ocsfActivity(event: Alert | Log): OcsfActivity {
  const syscall = event.EventData['Syscall'] ?? '';
  switch (event.Operation) {
    case 'Process':
      return syscall === 'SYS_PTRACE' ? processActivity(4, 'Inject') : processActivity(1, 'Launch');
    case 'File': {
      const [activityId, activityName] = fileActivities[fileChange(event)];
      return { classUid: 1001, className: 'File System Activity', activityId, activityName };
    }
    case 'Network':
      return networkFacts(event)?.dnsName === ''
        ? networkActivity(event)
        : { classUid: 4003, className: 'DNS Activity', activityId: 1, activityName: 'Query' };
    case 'NetworkFirewall':
      return networkActivity(event);
    case 'Device':
      return event.Result === 'Removed'
        ? peripheralActivity(2, 'Disconnect')
        : peripheralActivity(1, 'Connect');
    case 'Syscall':
      return /^SYS_SET(RE|RES)?[UG]ID$/.test(syscall) ? processActivity(5, 'Set User ID') : kernelInvoke;
    case 'Capabilities':
      return kernelInvoke;
    default:
      return { classUid: 0, className: 'Base Event', activityId: 99, activityName: event.Operation };
  }
}

const kernelInvoke: OcsfActivity = {
  classUid: 1003,
  className: 'Kernel Activity',
  activityId: 4,
  activityName: 'Invoke',
};

const processActivity = (activityId: number, activityName: string): OcsfActivity => ({
  classUid: 1007,
  className: 'Process Activity',
  activityId,
  activityName,
});

const peripheralActivity = (activityId: number, activityName: string): OcsfActivity => ({
  classUid: 1010,
  className: 'Peripheral Activity',
  activityId,
  activityName,
});

function networkActivity(event: Alert | Log): OcsfActivity {
  const [activityId, activityName] = isBlocked(event)
    ? ([5, 'Refuse'] as const)
    : event.EventData['Syscall'] === 'SYS_LISTEN'
      ? ([7, 'Listen'] as const)
      : ([1, 'Open'] as const);
  return { classUid: 4001, className: 'Network Activity', activityId, activityName };
}
