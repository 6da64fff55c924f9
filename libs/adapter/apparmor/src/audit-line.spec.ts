import { parseAuditLine } from './audit-line.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const denial = (name: string, more = ''): string =>
  `kernel: audit: type=1400 audit(1700000000.123:45): apparmor="DENIED" operation="open" class="file" profile="kubearmor-shop-web-nginx//bincat" name=${name} pid=77 comm="cat" requested_mask="r" denied_mask="r" fsuid=0 ouid=1000${more}`;

test('reads who was denied what, when, from a line of the kernel log', () => {
  expect(parseAuditLine(denial('"/etc/shadow"'))).toEqual({
    verdict: 'DENIED',
    timeMs: 1700000000123,
    serial: 45,
    operation: 'open',
    profile: 'kubearmor-shop-web-nginx//bincat',
    name: utf8('/etc/shadow'),
    comm: utf8('cat'),
    pid: 77,
    requested: 'r',
    denied: 'r',
    fsuid: 0,
    ouid: 1000,
  });
});

test('reads the lines that auditd writes too', () => {
  const line = denial('"/x"').replace('kernel: audit: type=1400 audit', 'type=AVC msg=audit');
  expect(parseAuditLine(line)).toMatchObject({ serial: 45, name: utf8('/x') });
});

test.each<[what: string, written: string, bytes: Uint8Array]>([
  ['blanks', '2F612062', utf8('/a b')],
  ['quotation marks and line ends', '2F22610A', utf8('/"a\n')],
  ['bytes that are no UTF-8', '2FFFFE', Uint8Array.of(0x2f, 0xff, 0xfe)],
  ['nothing odd, in quotes', '"/DEAD"', utf8('/DEAD')],
])('a name with %s comes out byte for byte', (_, written, bytes) => {
  expect(parseAuditLine(denial(written))?.name).toEqual(bytes);
});

test('a name that looks like fields cannot forge them', () => {
  const forged = Buffer.from('/x" profile="unconfined').toString('hex').toUpperCase();
  expect(parseAuditLine(denial(forged, ' profile="other"'))?.profile).toBe(
    'kubearmor-shop-web-nginx//bincat',
  );
});

test('capabilities and sockets keep their own words', () => {
  const begin = 'audit: type=1400 audit(1.000:1): apparmor="DENIED"';
  expect(
    parseAuditLine(
      `${begin} operation="capable" profile="p" pid=1 comm="arping" capability=13  capname="net_raw"`,
    ),
  ).toMatchObject({
    capability: 'net_raw',
  });
  const socket = `${begin} operation="create" profile="p" pid=1 comm="nc" family="inet" sock_type="stream" protocol=6 requested_mask="create" denied_mask="create"`;
  expect(parseAuditLine(socket)).toMatchObject({ family: 'inet', socketType: 'stream', denied: 'create' });
});

test.each<[what: string, line: string]>([
  ['nothing', ''],
  ['another LSM', 'audit: type=1400 audit(1.000:1): avc:  denied  { read } for  pid=1'],
  [
    'a status message',
    'audit: type=1400 audit(1.000:1): apparmor="STATUS" operation="profile_load" profile="unconfined" name="p"',
  ],
  ['no time', 'type=1400 apparmor="DENIED" profile="p"'],
  ['no profile', 'audit: type=1400 audit(1.000:1): apparmor="DENIED" operation="open"'],
  ['half a name', denial('2F6').replace('profile=', 'x=')],
  ['a flood', denial(`"/${'a'.repeat(40_000)}"`)],
])('a line with %s is no record', (_, line) => {
  expect(parseAuditLine(line)).toBeUndefined();
});
