import { createAuthority } from '@kubearmor-ts/certificates';
import type { LeafOptions } from '@kubearmor-ts/certificates';
import { checkMaterial, expiryProblems, serverFiles } from './index.ts';
import type { MaterialWishes, TlsMaterial } from './index.ts';

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const files = serverFiles('/tls');
const wishes: MaterialWishes = { files, usage: 'server', names: [] };
const authority = createAuthority((cleanup) => cleanups.push(cleanup));
const dayMs = 86_400_000;

function material(options: LeafOptions = {}): TlsMaterial {
  const leaf = authority.issue('server', options);
  return {
    ca: Buffer.from(authority.certificate),
    certificate: Buffer.from(leaf.certificate),
    key: Buffer.from(leaf.key),
  };
}
const good = material({ names: ['DNS:kubearmor.ns.svc', 'IP:10.0.0.4', 'IP:fd00::4'] });
const other = material();

const problemsOf = (bytes: TlsMaterial, wish: Partial<MaterialWishes> = {}) => {
  const result = checkMaterial({ ...wishes, ...wish }, bytes);
  return result.ok ? [] : result.error.map(({ code, place, message }) => [code, place, message]);
};

test('what fits together is used, for every name it was issued for', () => {
  expect(problemsOf(good, { names: ['kubearmor.ns.svc', '10.0.0.4', 'fd00::4'] })).toEqual([]);
  expect(problemsOf({ ...good, ca: Buffer.concat([good.ca, good.ca]) })).toEqual([]);
});

test.each<[string, TlsMaterial, Partial<MaterialWishes>, (string | RegExp)[][]]>([
  [
    'no authority',
    { ...good, ca: Buffer.from('') },
    {},
    [['KA_TLS_PARSE', 'ca', /^\/tls\/ca.crt: holds no PEM/]],
  ],
  [
    'garbage inside a PEM block',
    { ...good, certificate: Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') },
    {},
    [['KA_TLS_PARSE', 'certificate', /^\/tls\/server.crt: /]],
  ],
  [
    'the key of another',
    { ...good, key: other.key },
    {},
    [['KA_TLS_KEY_MISMATCH', 'key', /server.key.*server.crt/]],
  ],
  [
    'a certificate in place of the key',
    { ...good, key: good.certificate },
    {},
    [['KA_TLS_PARSE', 'key', /passphrase/]],
  ],
  [
    'a name and an address it was not issued for',
    good,
    { names: ['kubearmor.other.svc', '10.0.0.5'] },
    [
      ['KA_TLS_NAME', 'certificate', /not valid for kubearmor.other.svc; its names are DNS:kubearmor.ns.svc/],
      ['KA_TLS_NAME', 'certificate', /not valid for 10.0.0.5/],
    ],
  ],
  [
    'a server showing a client certificate',
    material({ usage: 'clientAuth' }),
    {},
    [['KA_TLS_USAGE', 'certificate', /serverAuth/]],
  ],
])('%s is refused with code, file and field', (_name, bytes, wish, expected) => {
  expect(problemsOf(bytes, wish)).toEqual(
    expected.map(([code, place, message]) => [code, place, expect.stringMatching(message!)]),
  );
});

test('a subject that looks like a name does not count as one', () => {
  expect(problemsOf(good, { names: ['kubearmor'] })).toMatchObject([
    ['KA_TLS_NAME', 'certificate', expect.anything()],
  ]);
});

test('no message shows what a key holds', () => {
  const body = other.key.toString().split('\n')[1]!;
  expect(JSON.stringify(problemsOf({ ...good, key: other.key }))).not.toContain(body);
});

test('expiry names the file and the time', () => {
  const checked = checkMaterial(wishes, good);
  if (!checked.ok) throw new Error('unusable');
  const now = Date.now();
  const codes = (nowMs: number) =>
    expiryProblems(checked.value, files, nowMs).map(({ code, object }) => [code, object]);
  expect(codes(now)).toEqual([]);
  expect(codes(now + 3 * dayMs)).toEqual([['KA_TLS_EXPIRED', '/tls/server.crt']]);
  expect(codes(now - 2 * dayMs)).toEqual([
    ['KA_TLS_NOT_YET_VALID', '/tls/server.crt'],
    ['KA_TLS_NOT_YET_VALID', '/tls/ca.crt'],
  ]);
  expect(expiryProblems(checked.value, files, now + 3 * dayMs)[0]!.message).toMatch(
    /^\/tls\/server.crt: O=kubearmor, CN=kubearmor expired at \d{4}-/,
  );
});
