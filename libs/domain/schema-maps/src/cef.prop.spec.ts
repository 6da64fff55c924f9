import { aLog, anAlert, hostileAlert, hostileLog, hostileText } from '@kubearmor-ts/test-events';
import fc from 'fast-check';
import { cutText, toCef, visibleText } from './index.ts';

interface Cef {
  readonly header: readonly string[];
  readonly extension: Readonly<Record<string, string>>;
}

/** A reader of the format that knows nothing of the writer: bars end header fields, ` key=` begins a pair. */
function readCef(line: string): Cef {
  expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
  const header: string[] = [''];
  let at = 0;
  for (; header.length < 8; at++) {
    const char = line[at];
    if (char === undefined) throw new Error('the header has too few bars');
    if (char === '|') header.push('');
    else if (char === '\\') header[header.length - 1] += line[++at]!;
    else header[header.length - 1] += char;
  }
  header.pop();
  const extension: Record<string, string> = {};
  const rest = line.slice(at);
  // A value ends where a blank, a key and an unescaped `=` follow.
  const starts = [...rest.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)];
  for (const [index, start] of starts.entries()) {
    const from = start.index + start[0].length;
    const raw = rest.slice(from, starts[index + 1]?.index ?? rest.length);
    const key = start[1]!;
    expect(extension).not.toHaveProperty(key);
    extension[key] = raw.replace(/\\([\\=nr])/g, (_all, char: string) =>
      char === 'n' ? '\n' : char === 'r' ? '\r' : char,
    );
    expect(raw.replace(/\\[\\=nr]/g, '')).not.toMatch(/[\\=\n\r]/);
  }
  return { header, extension };
}

const keepBreaks = (text: string): string =>
  text
    .split(/([\n\r])/)
    .map((part) => (/^[\n\r]$/.test(part) ? part : visibleText(part)))
    .join('');

test('an alert reads back with its header and every value', () => {
  const { header, extension } = readCef(toCef(anAlert(), 'id-1'));
  expect(header).toEqual(['CEF:0', 'KubeArmor', 'kubearmor-ts', 'v0.1.0', 'guard-token', 'File Block', '7']);
  expect(extension).toMatchObject({
    rt: '1785400000112',
    externalId: 'id-1',
    act: 'Block',
    outcome: 'failure',
    reason: 'Permission denied',
    msg: 'a token was read',
    dvchost: 'edge-4',
    sproc: '/bin/cat',
    spid: '51877',
    suid: '0',
    filePath: '/run/secrets/token.txt',
    fname: 'token.txt',
    cs1Label: 'Policy',
    cs1: 'guard-token',
    cs3: 'oven-7c9d-q2m5z',
    kaLabels: 'app=oven,tier=web',
  });
});

test('a connection has its addresses under the keys for them, the sixth version under its own', () => {
  expect(readCef(toCef(aLog(), 'i')).extension).toMatchObject({
    dst: '10.96.14.20',
    dpt: '5432',
    proto: 'TCP',
    outcome: 'success',
  });
  const sixth = aLog({ EventData: { Remoteip: 'fd00::7', Port: '1' } });
  const { extension } = readCef(toCef(sixth, 'i'));
  expect(extension).toMatchObject({ c6a3: 'fd00::7', c6a3Label: 'Destination IPv6 Address' });
  expect(extension).not.toHaveProperty('dst');
});

test('whatever the texts hold, the line has seven header fields and the values come back', () => {
  fc.assert(
    fc.property(hostileAlert, hostileText, (alert, resource) => {
      const event = { ...alert, Resource: resource, Operation: 'File' };
      const { header, extension } = readCef(toCef(event, 'id'));
      expect(header).toHaveLength(7);
      expect(header[4]).toBe(cutText(visibleText(alert.PolicyName || alert.Type), 512));
      expect(Number(header[6])).toBeGreaterThanOrEqual(0);
      expect(extension['filePath'] ?? '').toBe(cutText(keepBreaks(resource), 1023));
      expect(extension['cs3'] ?? '').toBe(cutText(keepBreaks(alert.PodName), 4000));
      expect(extension['act'] ?? '').toBe(cutText(keepBreaks(alert.Action), 63));
    }),
  );
});

test('telemetry cannot forge a pair either', () => {
  fc.assert(
    fc.property(hostileLog, (log) => {
      const { extension } = readCef(toCef(log, 'id'));
      expect(extension).not.toHaveProperty('act');
      expect(extension).toMatchObject({ externalId: 'id' });
    }),
  );
});
