import type { Alert, Log } from '@kubearmor-ts/proto';
import fc from 'fast-check';
import { aLog, anAlert } from './sample-events.ts';

const forgeries = [
  '\n<34>1 2026-01-01T00:00:00Z bank su - ID47 - all is well',
  '|Block|10|act=Allowed suser=root',
  '\tsev=1\tpolicy=none',
  ' act=Allowed msg=nothing to see',
  '","Action":"Allowed","x":"',
  '"] [forged@1 a="b"]',
  '\\',
  '\\=',
  '\\n',
  '\\x0a',
  '\r\n\r\nHTTP/1.1 200 OK',
  '\u001b[2J\u009b31m',
  '\u202egnp.exe',
  '\u2028{"forged":true}',
  '\ud800',
  '\udc00\ud800',
  '__proto__',
];

/** What can stand in a name, a label, an argument or a message. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 5,
    arbitrary: fc.string({
      unit: fc.constantFrom('|', '=', '\\', '"', ']', ' ', '\t', '\n', '\r', 'a', 'é', '😀', '\u0000'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc
      .array(fc.constantFrom(...forgeries), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(5000), '😀'.repeat(3000), '\n'.repeat(3000)) },
);

const someTexts = fc.record({
  Resource: hostileText,
  Source: hostileText,
  ProcessName: hostileText,
  ParentProcessName: hostileText,
  HostName: hostileText,
  PodName: hostileText,
  NamespaceName: hostileText,
  Labels: hostileText,
  ClusterName: hostileText,
  ContainerName: hostileText,
  ContainerImage: hostileText,
  ContainerID: hostileText,
  Type: hostileText,
  Data: hostileText,
  Result: hostileText,
  UserName: hostileText,
  NodeID: hostileText,
  UpdatedTime: fc.oneof(hostileText, fc.constant('2026-07-30T08:26:40.112233Z')),
  Timestamp: fc.maxSafeInteger(),
  Operation: fc.constantFrom('File', 'Process', 'Network', 'NetworkFirewall', 'Syscall', 'Device', '\n|'),
  EventData: fc.dictionary(fc.oneof(hostileText, fc.constantFrom('Remoteip', 'Lsm', 'Flags')), hostileText),
  Owner: fc.record({ Ref: hostileText, Name: hostileText, Namespace: hostileText }),
});

export const hostileAlert: fc.Arbitrary<Alert> = fc
  .tuple(
    someTexts,
    fc.record({
      PolicyName: hostileText,
      Message: hostileText,
      Severity: hostileText,
      Tags: hostileText,
      ATags: fc.array(hostileText, { maxLength: 4 }),
      Enforcer: hostileText,
      Action: hostileText,
      KubeArmorVersion: hostileText,
    }),
  )
  .map(([texts, ruleTexts]) => anAlert({ ...texts, ...ruleTexts }));

export const hostileLog: fc.Arbitrary<Log> = someTexts.map((texts) => aLog(texts));
