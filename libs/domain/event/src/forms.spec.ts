import { Alert, Log, Message } from '@kubearmor-ts/proto';
import {
  eventDataOf,
  messageToFormB,
  messageToText,
  openFlagsText,
  resultText,
  syscallDataText,
  toFormB,
  toText,
  toValidUtf8,
} from './index.ts';

test('the JSON form leaves out empties but always shows PPID and UID', () => {
  expect(toFormB(Alert.create())).toBe('{"PPID":0,"UID":0}');
  expect(toFormB(Log.create({ Type: 'HostLog', PPID: 3 }))).toBe('{"PPID":3,"UID":0,"Type":"HostLog"}');
});

test('the JSON form escapes like Go', () => {
  expect(toFormB(Log.create({ Source: 'sh -c "a<b>&c"\u2028\n\u0001\u007f é' }))).toBe(
    '{"PPID":0,"UID":0,"Source":"sh -c \\"a\\u003cb\\u003e\\u0026c\\"\\u2028\\n\\u0001\u007f é"}',
  );
});

test('map keys are sorted by code point, nested messages keep their order', () => {
  const log = Log.create({
    EventData: { b: '', '\u{1F600}': 'x', '\uFB00': 'y', a: '1' },
    Owner: { Ref: 'Job', Name: '', Namespace: 'n' },
    ExecEvent: { ExecID: '0', ExecutableName: 'sh' },
  });
  expect(toFormB(log)).toBe(
    '{"Owner":{"Ref":"Job","Namespace":"n"},"PPID":0,"UID":0,"EventData":{"a":"1","b":"","\uFB00":"y","\u{1F600}":"x"},"ExecEvent":{"ExecID":"0","ExecutableName":"sh"}}',
  );
});

test('an EventData key that looks like a nested field is still a map', () => {
  expect(toFormB(Log.create({ EventData: { Ref: '', ExecID: '' } }))).toContain(
    '"EventData":{"ExecID":"","Ref":""}',
  );
});

test('the JSON form of a decoded event parses back to the same values', () => {
  const alert = Alert.create({ PolicyName: 'p', ATags: ['a', 'b'], Timestamp: 5, EventData: { K: 'v w' } });
  const decoded = Alert.decode(Alert.encode(alert).finish());
  expect(JSON.parse(toFormB(decoded))).toMatchObject({
    PolicyName: 'p',
    ATags: ['a', 'b'],
    Timestamp: 5,
    EventData: { K: 'v w' },
  });
});

test('messages have a JSON and a text line', () => {
  const message = Message.create({
    UpdatedTime: '2026-01-02T03:04:05.000001Z',
    ClusterName: 'c',
    HostName: 'h',
    Level: 'INFO',
    Message: 'up',
  });
  expect(messageToFormB(message)).toBe(
    '{"UpdatedTime":"2026-01-02T03:04:05.000001Z","ClusterName":"c","HostName":"h","Level":"INFO","Message":"up"}',
  );
  expect(messageToText(message)).toBe('2026-01-02 03:04:05.000001  c  h  [INFO]  up');
});

test('the text form puts what a reader looks for first', () => {
  const alert = Alert.create({
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    ClusterName: 'lab',
    HostName: 'edge',
    NamespaceName: 'bakery',
    Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
    HostPID: 41877,
    PolicyName: 'p',
    ATags: ['NIST', 'MITRE'],
    Type: 'MatchedPolicy',
    Resource: '/bin/x',
    Operation: 'Process',
    EventData: { Z: '1', Lsm: 'FILE_OPEN' },
    Action: 'Block',
    TTY: 'pts0',
  });
  expect(toText(alert)).toBe(
    [
      '== Alert / 2026-07-30 08:26:40.112233 ==',
      'ClusterName: lab',
      'HostName: edge',
      'NamespaceName: bakery',
      'Type: MatchedPolicy',
      'PolicyName: p',
      'Resource: /bin/x',
      'Operation: Process',
      'Action: Block',
      'EventData: map[Lsm:FILE_OPEN Z:1]',
      'ATags: [NIST MITRE]',
      'HostPID: 41877',
      'Owner: map[Name:oven Namespace:bakery Ref:Deployment]',
      'PPID: 0',
      'TTY: pts0',
      'UID: 0',
    ].join('\n'),
  );
});

test('a file name cannot forge a line or drive the terminal', () => {
  expect(toText(Log.create({ Resource: '/tmp/x\n== Alert / now ==\u001b[2J' }))).toContain(
    'Resource: /tmp/x\\n== Alert / now ==\\x1b[2J',
  );
});

test.each([
  ['File', 'syscall=SYS_UNLINKAT flags=', '', { Syscall: 'SYS_UNLINKAT', Flags: '' }],
  [
    'Network',
    'kprobe=tcp_connect domain=AF_INET',
    'remoteip=10.1.2.3 port=443 protocol=TCP',
    { Kprobe: 'tcp_connect', Domain: 'AF_INET', Remoteip: '10.1.2.3', Port: '443', Protocol: 'TCP' },
  ],
  ['Network', 'lsm=X type=a', 'type=b', { Lsm: 'X', Type: 'b' }],
  ['Capabilities', 'lsm=CAPABLE CAP_NET_RAW', 'CAP_NET_RAW', { Lsm: 'CAPABLE' }],
  ['Process', '=x a=b=c sysPath=/d', '', { A: 'b=c', SysPath: '/d' }],
])('EventData of a %s event with %s', (operation, data, resource, expected) => {
  expect(eventDataOf(operation, data, resource)).toEqual(expected);
});

test('a key named like a prototype is only a key', () => {
  const data = eventDataOf('File', '__proto__=x', '');
  expect(Object.keys(data)).toEqual(['__proto__']);
});

test.each([
  [0, 'Passed'],
  [7, 'Passed'],
  [-1, 'Operation not permitted'],
  [-13, 'Permission denied'],
  [-113, 'No route to host'],
  [-133, 'Memory page has hardware error'],
  [-41, 'Unknown error'],
  [-58, 'Unknown error'],
  [-4095, 'Unknown error'],
])('return value %i reads as %s', (value, text) => {
  expect(resultText(value)).toBe(text);
});

test.each([
  [0, 'O_RDONLY'],
  [0o2000000, 'O_RDONLY|O_CLOEXEC'],
  [0o2200000, 'O_RDONLY|O_DIRECTORY|O_CLOEXEC'],
  [0o1101, 'O_WRONLY|O_CREAT|O_TRUNC'],
  [0o20200002, 'O_RDWR|O_TMPFILE'],
  [0o4010002, 'O_RDWR|O_SYNC'],
  [0o10000000, 'O_RDONLY|O_PATH'],
])('open flags 0%o', (flags, text) => {
  expect(openFlagsText(flags, 'x64')).toBe(text);
});

test('arm64 places the directory flag elsewhere', () => {
  expect(openFlagsText(0o40000, 'arm64')).toBe('O_RDONLY|O_DIRECTORY');
});

test.each<[number, bigint[], number, string | undefined]>([
  [2, [0n, 0o1101n], 0, 'syscall=SYS_OPEN flags=O_WRONLY|O_CREAT|O_TRUNC'],
  [257, [0xffff_ffff_ffff_ff9cn, 0n, 0n], 0, 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY'],
  [263, [3n, 0n, 0x200n], 0, 'syscall=SYS_UNLINKAT flags=AT_REMOVEDIR'],
  [263, [3n, 0n, 0n], 0, 'syscall=SYS_UNLINKAT flags='],
  [437, [3n, 0n, 0n], 0o2100000, 'syscall=SYS_OPENAT2 fd=3 flags=O_RDONLY|O_CLOEXEC'],
  [92, [0n, 0xffffffffn, 5n], 0, 'syscall=SYS_CHOWN userid=-1 group=5'],
  [59, [], 0, 'syscall=SYS_EXECVE'],
  [9999, [], 0, 'syscall=SYS_9999'],
  [-1, [], 0, undefined],
])('system call %i reads as Data', (number, args, openFlags, text) => {
  expect(syscallDataText(number, args, openFlags, 'x64')).toBe(text);
});

test.each([
  ['an overlong slash', [0x2f, 0xc0, 0xaf, 0x78], '/x'],
  ['a surrogate half', [0xed, 0xa0, 0x80, 0x78], 'x'],
  ['a cut sequence', [0x78, 0xe2, 0x82], 'x'],
  ['a four-byte character', [0xf0, 0x9f, 0x98, 0x80], '\u{1F600}'],
  ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80], ''],
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x78], '\ufeffx'],
])('UTF-8 cleaning: %s', (_name, bytes, text) => {
  expect(toValidUtf8(Uint8Array.from(bytes))).toBe(text);
});
