import { anAlert, hostileAlert, hostileLog } from '@kubearmor-ts/test-events';
import fc from 'fast-check';
import { cutText, toLeef, visibleText } from './index.ts';

/** A reader that splits as receivers do: five bars, the delimiter the header names, the first `=` of each part. */
function readLeef(line: string): { header: readonly string[]; attributes: ReadonlyMap<string, string> } {
  const parts = line.split('|');
  const header = parts.slice(0, 6);
  expect(header[5]).toBe('0x09');
  const attributes = new Map<string, string>();
  for (const part of parts.slice(6).join('|').split('\t')) {
    const at = part.indexOf('=');
    expect(part.slice(0, at)).toMatch(/^[a-zA-Z]+$/);
    expect(attributes.has(part.slice(0, at))).toBe(false);
    expect(part).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    attributes.set(part.slice(0, at), part.slice(at + 1));
  }
  return { header, attributes };
}

test('an alert reads back with its header and every value', () => {
  const { header, attributes } = readLeef(toLeef(anAlert({ Message: 'a|b=c' }), 'id-1'));
  expect(header).toEqual(['LEEF:2.0', 'KubeArmor', 'kubearmor-ts', 'v0.1.0', 'File.Block', '0x09']);
  expect(Object.fromEntries(attributes)).toMatchObject({
    devTime: '1785400000112',
    cat: 'MatchedPolicy',
    sev: '7',
    identHostName: 'edge-4',
    resource: '/run/secrets/token.txt',
    policy: 'guard-token',
    msg: 'a|b=c',
    eventId: 'id-1',
  });
});

test('whatever the texts hold, the attributes are ours and the values come back', () => {
  fc.assert(
    fc.property(fc.oneof(hostileAlert, hostileLog), (event) => {
      const { header, attributes } = readLeef(toLeef(event, 'id'));
      expect(header[4]).toMatch(/^[A-Za-z0-9.-]+$/);
      expect(attributes.get('resource') ?? '').toBe(cutText(visibleText(event.Resource), 4096));
      expect(attributes.get('pod') ?? '').toBe(cutText(visibleText(event.PodName), 4096));
      expect(Number(attributes.get('sev'))).toBeGreaterThanOrEqual(1);
      expect(attributes.get('eventId')).toBe('id');
    }),
  );
});
