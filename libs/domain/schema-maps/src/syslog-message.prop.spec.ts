import { anAlert, hostileAlert, hostileLog } from '@kubearmor-ts/test-events';
import fc from 'fast-check';
import { cutText, exampleEnterpriseNumber, syslogHeader, visibleText } from './index.ts';
import type { SyslogHeader } from './index.ts';

const header: SyslogHeader = {
  facility: 'local0',
  appName: 'kubearmor',
  enterpriseNumber: exampleEnterpriseNumber,
  hasBom: false,
};

interface Rfc5424 {
  readonly priority: number;
  readonly fields: readonly string[];
  readonly sdId: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly message: string;
}

/** A reader after the grammar of RFC 5424 §6. */
function readMessage(text: string): Rfc5424 {
  const head =
    /^<(\d{1,3})>1 (\S+) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) \[([\x21-\x7e]{1,32})/.exec(
      text,
    );
  if (head === null) throw new Error(`no RFC 5424 header: ${text.slice(0, 200)}`);
  const parameters: Record<string, string> = {};
  let rest = text.slice(head[0].length);
  while (rest.startsWith(' ')) {
    const parameter = /^ ([\x21-\x7e]{1,32}?)="((?:[^"\\\]]|\\["\\\]])*)"/.exec(rest);
    if (parameter === null) throw new Error(`no SD-PARAM: ${rest.slice(0, 100)}`);
    parameters[parameter[1]!] = parameter[2]!.replace(/\\(["\\\]])/g, '$1');
    rest = rest.slice(parameter[0].length);
  }
  expect(rest.slice(0, 2)).toBe('] ');
  return {
    priority: Number(head[1]),
    fields: head.slice(2, 7),
    sdId: head[7]!,
    parameters,
    message: rest.slice(2),
  };
}

test('the header names the node of the event, its kind and its severity', () => {
  const message = readMessage(`${syslogHeader(anAlert(), header)}body`);
  expect(message).toEqual({
    // local0 × 8 + error.
    priority: 131,
    fields: ['2026-07-30T08:26:40.112233Z', 'edge-4', 'kubearmor', '-', 'MatchedPolicy'],
    sdId: 'kubearmor@32473',
    parameters: {
      kind: 'alert',
      operation: 'File',
      action: 'Block',
      policy: 'guard-token',
      severity: '7',
      result: 'Permission denied',
      cluster: 'lab-north',
      namespace: 'bakery',
      pod: 'oven-7c9d-q2m5z',
      container: 'oven',
    },
    message: 'body',
  });
});

test.each([
  ['9', 'Block', 2],
  ['7', 'Audit', 3],
  ['5', 'Audit', 4],
  ['1', 'Block', 4],
  ['1', 'Audit', 5],
])('policy severity %s with %s is syslog severity %i', (Severity, Action, expected) => {
  expect(readMessage(syslogHeader(anAlert({ Severity, Action }), header)).priority % 8).toBe(expected);
});

test('whatever the texts hold, the grammar holds and the parameters come back', () => {
  fc.assert(
    fc.property(fc.oneof(hostileAlert, hostileLog), (event) => {
      const message = readMessage(`${syslogHeader(event, header)}{}`);
      expect(message.message).toBe('{}');
      expect(message.parameters['pod'] ?? '').toBe(cutText(visibleText(event.PodName), 256));
      expect(Number.isNaN(Date.parse(message.fields[0]!))).toBe(false);
    }),
  );
});
