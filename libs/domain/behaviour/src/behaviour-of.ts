import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';

export const behaviourClasses = [
  'process',
  'file',
  'network',
  'syscall',
  'capability',
  'device',
  'other',
] as const;
export type BehaviourClass = (typeof behaviourClasses)[number];

export const outcomes = ['allowed', 'audited', 'blocked', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];

export interface Behaviour {
  readonly class: BehaviourClass;
  /** The program that acts: for a process the one that starts it. */
  readonly source: string;
  /** Program, path, peer, name of a call or capability. */
  readonly target: string;
  /** What else tells two apart: how a file is used, `TCP/443 out`. */
  readonly detail: string;
  readonly outcome: Outcome;
}

const longest = 1024;

const classOf: Readonly<Record<string, BehaviourClass>> = {
  Process: 'process',
  File: 'file',
  Network: 'network',
  NetworkFirewall: 'network',
  Syscall: 'syscall',
  Capabilities: 'capability',
  Device: 'device',
};

/** What the event says its workload does. A notice of the product itself is `other`. */
export function behaviourOf(event: Alert | Log): Behaviour {
  const kind = classOf[event.Operation] ?? 'other';
  const data = pairs(event.Data);
  const [target, detail] = targetOf(kind, event, data);
  return {
    class: kind,
    source: bounded(
      kind === 'process' ? event.ParentProcessName || firstWord(event.Source) : programOf(event),
    ),
    target: bounded(target),
    detail: bounded(detail),
    outcome: outcomeOf(event),
  };
}

function targetOf(
  kind: BehaviourClass,
  event: Alert | Log,
  data: Readonly<Record<string, string>>,
): readonly [target: string, detail: string] {
  switch (kind) {
    case 'process':
      // A traced process is in Resource; a started one is ProcessName, its arguments are not part of the behaviour.
      return data['syscall'] === 'SYS_PTRACE'
        ? [firstWord(event.Resource), 'ptrace']
        : [event.ProcessName || firstWord(event.Resource), 'exec'];
    case 'file':
      return [event.Resource, fileUse(data)];
    case 'network':
      return peerOf(event, data);
    case 'syscall':
      return [data['syscall'] ?? event.Resource, ''];
    case 'capability':
      return [event.Resource, ''];
    default:
      return [event.Resource === '' ? event.Operation : event.Resource, ''];
  }
}

function fileUse(data: Readonly<Record<string, string>>): string {
  const flags = data['flags'] ?? '';
  if (/O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(flags)) return 'write';
  const call = data['syscall'] ?? data['lsm'] ?? '';
  if (/OPEN|PERMISSION/.test(call) || call === '') return 'read';
  return call.replace(/^(SYS|FILE|PATH|INODE)_/, '').toLowerCase();
}

/** Ports of the other end only where it is the one dialled: those of clients are chance. */
function peerOf(
  event: Alert | Log,
  data: Readonly<Record<string, string>>,
): readonly [target: string, detail: string] {
  const resource = pairs(event.Resource);
  const domain = data['domain'];
  if (domain !== undefined && !domain.startsWith('AF_')) return [domain, 'dns'];
  if (event.Operation === 'NetworkFirewall') {
    const isOut = event.Resource === 'EGRESS';
    const address = (isOut ? data['DestinationIP'] : data['SourceIP']) ?? '';
    return [address, `${data['Protocol'] ?? ''}/${data['DestinationPort'] ?? ''} ${isOut ? 'out' : 'in'}`];
  }
  if (resource['remoteip'] !== undefined) {
    const isIn = data['kprobe'] === 'tcp_accept';
    const protocol = resource['protocol'] ?? 'TCP';
    return [resource['remoteip'], isIn ? `${protocol} in` : `${protocol}/${resource['port'] ?? ''} out`];
  }
  if (resource['sun_path'] !== undefined) return [resource['sun_path'], 'unix'];
  if (resource['sin_addr'] !== undefined || resource['sin6_addr'] !== undefined) {
    const call = (data['syscall'] ?? '').replace(/^SYS_/, '').toLowerCase();
    const port = resource['sin_port'] ?? resource['sin6_port'] ?? '';
    return [resource['sin_addr'] ?? resource['sin6_addr'] ?? '', `${port} ${call}`.trim()];
  }
  const call = (data['lsm'] ?? data['syscall'] ?? '').replace(/^(SYS|SOCKET)_/, '').toLowerCase();
  return [event.Resource === '' ? call : event.Resource, call];
}

function outcomeOf(event: Alert | Log): Outcome {
  const action = isAlert(event) ? event.Action : '';
  if (action.startsWith('Audit')) return 'audited';
  if (action === 'Block') return 'blocked';
  return event.Result === 'Passed' || event.Result === '' ? 'allowed' : 'failed';
}

const programOf = (event: Alert | Log): string => event.ProcessName || firstWord(event.Source);

const firstWord = (text: string): string => {
  const end = text.indexOf(' ');
  return end < 0 ? text : text.slice(0, end);
};

/** Of blank-separated `key=value` words; a later key wins. */
function pairs(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const word of text.split(' ')) {
    const at = word.indexOf('=');
    if (at > 0) found[word.slice(0, at)] = word.slice(at + 1);
  }
  return found;
}

const bounded = (text: string): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
