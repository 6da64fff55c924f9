/**
 * The JSON object existing peers print for an event (relay stdout, `karmor logs --json`, search documents): keys in
 * the order of the proto file, empty values left out except PPID and UID, and Go's escaping.
 *
 * Not the proto3 JSON form: int64 is a number and names keep the case of the proto file.
 */
import type { Alert, Log, Message } from '@kubearmor-ts/proto';

type Shape = 'string' | 'number' | 'alwaysNumber' | 'strings' | 'map' | 'owner' | 'exec';

const alertShape = {
  Timestamp: 'number',
  UpdatedTime: 'string',
  ClusterName: 'string',
  HostName: 'string',
  NamespaceName: 'string',
  Owner: 'owner',
  PodName: 'string',
  Labels: 'string',
  ContainerID: 'string',
  ContainerName: 'string',
  ContainerImage: 'string',
  HostPPID: 'number',
  HostPID: 'number',
  PPID: 'alwaysNumber',
  PID: 'number',
  UID: 'alwaysNumber',
  ParentProcessName: 'string',
  ProcessName: 'string',
  PolicyName: 'string',
  Severity: 'string',
  Tags: 'string',
  ATags: 'strings',
  Message: 'string',
  Type: 'string',
  Source: 'string',
  Operation: 'string',
  Resource: 'string',
  Data: 'string',
  EventData: 'map',
  Enforcer: 'string',
  Action: 'string',
  Result: 'string',
  Cwd: 'string',
  TTY: 'string',
  MaxAlertsPerSec: 'number',
  DroppingAlertsInterval: 'number',
  ExecEvent: 'exec',
  KubeArmorVersion: 'string',
  NodeID: 'string',
  ProcessHash: 'string',
  ParentHash: 'string',
  ResourceHash: 'string',
  HashAlgo: 'string',
  UserName: 'string',
  PeerKind: 'string',
  PeerNamespace: 'string',
  PeerName: 'string',
} as const satisfies Record<keyof Alert, Shape>;

const logShape = {
  Timestamp: 'number',
  UpdatedTime: 'string',
  ClusterName: 'string',
  HostName: 'string',
  NamespaceName: 'string',
  Owner: 'owner',
  PodName: 'string',
  Labels: 'string',
  ContainerID: 'string',
  ContainerName: 'string',
  ContainerImage: 'string',
  ParentProcessName: 'string',
  ProcessName: 'string',
  HostPPID: 'number',
  HostPID: 'number',
  PPID: 'alwaysNumber',
  PID: 'number',
  UID: 'alwaysNumber',
  Type: 'string',
  Source: 'string',
  Operation: 'string',
  Resource: 'string',
  Data: 'string',
  EventData: 'map',
  Result: 'string',
  Cwd: 'string',
  TTY: 'string',
  ExecEvent: 'exec',
  NodeID: 'string',
  ProcessHash: 'string',
  ParentHash: 'string',
  ResourceHash: 'string',
  HashAlgo: 'string',
  UserName: 'string',
  PeerKind: 'string',
  PeerNamespace: 'string',
  PeerName: 'string',
} as const satisfies Record<keyof Log, Shape>;

const messageShape = {
  Timestamp: 'number',
  UpdatedTime: 'string',
  ClusterName: 'string',
  HostName: 'string',
  HostIP: 'string',
  Type: 'string',
  Level: 'string',
  Message: 'string',
} as const satisfies Record<keyof Message, Shape>;

/** Only an alert has an enforcer. */
export const isAlert = (event: Alert | Log): event is Alert => 'Enforcer' in event;

/** One line, no line break at its end. */
export function toFormB(event: Alert | Log): string {
  return objectText(event, isAlert(event) ? alertShape : logShape);
}

export function messageToFormB(message: Message): string {
  return objectText(message, messageShape);
}

/** The keys an event shows in its JSON form, in order, with their values. */
export function shownFields(event: Alert | Log): [key: string, value: unknown][] {
  const fields: [string, unknown][] = [];
  visitShownFields(event, (key, value) => void fields.push([key, value]));
  return fields;
}

/** The same without a list, for who does it for every event. */
export function visitShownFields(event: Alert | Log, visit: (key: string, value: unknown) => void): void {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  for (const [key, shape] of isAlert(event) ? alertFields : logFields) {
    const value = values[key];
    if (isShown(shape, value)) visit(key, value);
  }
}

const alertFields: readonly (readonly [string, Shape])[] = Object.entries(alertShape);
const logFields: readonly (readonly [string, Shape])[] = Object.entries(logShape);

function objectText(event: object, shape: Readonly<Record<string, Shape>>): string {
  const values = event as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  for (const key of Object.keys(shape)) {
    const value = values[key];
    if (isShown(shape[key]!, value)) parts.push(`"${key}":${valueText(shape[key]!, value)}`);
  }
  return `{${parts.join(',')}}`;
}

function isShown(shape: Shape, value: unknown): boolean {
  switch (shape) {
    case 'alwaysNumber':
      return true;
    case 'strings':
      return ((value as readonly string[] | undefined) ?? []).length > 0;
    case 'map':
      return value !== undefined && Object.keys(value as object).length > 0;
    default:
      return value !== undefined && value !== '' && value !== 0;
  }
}

function valueText(shape: Shape, value: unknown): string {
  switch (shape) {
    case 'string':
      return stringText(value as string);
    case 'number':
    case 'alwaysNumber':
      return String(value ?? 0);
    case 'strings':
      return `[${(value as readonly string[]).map(stringText).join(',')}]`;
    default: {
      const record = value as Readonly<Record<string, string>>;
      return `{${recordKeys(shape, record)
        .map((key) => `${stringText(key)}:${stringText(record[key] ?? '')}`)
        .join(',')}}`;
    }
  }
}

/** A nested message leaves out empty strings and keeps its declaration order; a map keeps all, sorted. */
function recordKeys(
  shape: 'map' | 'owner' | 'exec',
  record: Readonly<Record<string, string>>,
): readonly string[] {
  if (shape === 'map') return Object.keys(record).sort(compareCodePoints);
  const declared = shape === 'owner' ? ['Ref', 'Name', 'Namespace'] : ['ExecID', 'ExecutableName'];
  return declared.filter((key) => (record[key] ?? '') !== '');
}

/** Go sorts map keys by their UTF-8 bytes, which is by code point; JavaScript's default is by UTF-16 unit. */
export function compareCodePoints(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON.stringify escapes control characters as Go does; Go adds what could end a script element or a line. */
function stringText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(/[<>&\u2028\u2029]/g, (char) => escapes[char]!);
}
