import type { Alert, Log, Message } from '@kubearmor-ts/proto';
import { compareCodePoints, isAlert, shownFields } from './json-form.ts';

/** Fields a reader looks for first; all others follow by name. */
const leading = [
  'ClusterName',
  'HostName',
  'NamespaceName',
  'PodName',
  'Labels',
  'ContainerName',
  'ContainerID',
  'ContainerImage',
  'Type',
  'PolicyName',
  'Severity',
  'Message',
  'Source',
  'Resource',
  'Operation',
  'Action',
  'Data',
  'EventData',
  'Enforcer',
  'Result',
];

/** The text form of `karmor logs`: a title line with the time, then one `Key: value` line per field. */
export function toText(event: Alert | Log): string {
  const fields = new Map(shownFields(event));
  fields.delete('Timestamp');
  fields.delete('UpdatedTime');
  const first = leading.filter((key) => fields.has(key));
  const others = [...fields.keys()].filter((key) => !first.includes(key)).sort(compareCodePoints);
  const title = `== ${isAlert(event) ? 'Alert' : 'Log'} / ${timeText(event.UpdatedTime)} ==`;
  return [title, ...[...first, ...others].map((key) => `${key}: ${plainText(key, fields.get(key))}`)].join(
    '\n',
  );
}

/** `time  cluster  host  [LEVEL]  text` */
export function messageToText(message: Message): string {
  const { UpdatedTime, ClusterName, HostName, Level, Message } = message;
  return [timeText(UpdatedTime), ClusterName, HostName, `[${Level}]`, Message].map(printable).join('  ');
}

const timeText = (updatedTime: string): string => printable(updatedTime.replace('T', ' ').replace('Z', ''));

function plainText(field: string, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => printable(String(item))).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return printable(String(value));
  const record = value as Readonly<Record<string, string>>;
  const keys = Object.keys(record).filter((key) => field === 'EventData' || record[key] !== '');
  const words = keys.sort(compareCodePoints).map((key) => printable(`${key}:${record[key] ?? ''}`));
  return `map[${words.join(' ')}]`;
}

/** A file name may hold line breaks and terminal sequences; on a terminal they could forge an event or hide one. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    if (char === '\t') return '\\t';
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
