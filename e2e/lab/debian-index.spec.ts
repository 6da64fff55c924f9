import { compareVersions, newestPackage, parsePackages } from './debian-index.ts';

test.each([
  ['6.1.176-1', '6.1.170-3', 1],
  ['6.12.107-1', '6.12.94-1', 1],
  ['6.12.107-1~deb12u1', '6.12.107-1', -1],
  ['1:1.0-1', '2.0-1', 1],
  ['1.0', '1.0', 0],
  ['1.0a', '1.0', 1],
])('orders %s against %s as Debian does', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
  expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign);
});

test('picks the newest kernel and skips stanzas that name no file', () => {
  const stanza = (name: string, version: string): string =>
    `Package: ${name}\nVersion: ${version}\nFilename: pool/${name}.deb\nSHA256: ${'a'.repeat(64)}\n`;
  const index = [
    stanza('linux-image-6.1.0-47-cloud-amd64', '6.1.170-3'),
    stanza('linux-image-6.1.0-50-cloud-amd64', '6.1.176-1'),
    stanza('linux-doc', '9'),
    'Package: linux-image-6.1.0-99-cloud-amd64\nVersion: 9\n',
  ].join('\n');
  const found = parsePackages(index, /^linux-image-6\.1\.0-\d+-cloud-amd64$/);
  expect(found).toHaveLength(2);
  expect(newestPackage(found)?.name).toBe('linux-image-6.1.0-50-cloud-amd64');
  expect(newestPackage([])).toBeUndefined();
});
