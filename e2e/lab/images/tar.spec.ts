import { execFileSync } from 'node:child_process';
import { createTar } from './tar.ts';

test('tar reads back owners, modes, links and content', () => {
  const archive = createTar([
    { path: '/home/user1', kind: 'dir', mode: 0o755, uid: 1000, gid: 1000 },
    {
      path: '/home/user1/key',
      kind: 'file',
      mode: 0o640,
      uid: 1000,
      gid: 42,
      content: Buffer.from('secret'),
    },
    { path: '/bin/sh', kind: 'symlink', mode: 0o777, target: 'dash' },
  ]);
  const listing = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: archive, encoding: 'utf8' });
  const lines = listing
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' '));
  expect(lines[0]).toMatch(/^drwxr-xr-x 1000\/1000 0 .* home\/user1\/$/);
  expect(lines[1]).toMatch(/^-rw-r----- 1000\/42 6 .* home\/user1\/key$/);
  expect(lines[2]).toMatch(/^lrwxrwxrwx 0\/0 0 .* bin\/sh -> dash$/);
  const content = execFileSync('tar', ['-xOf', '-', 'home/user1/key'], { input: archive, encoding: 'utf8' });
  expect(content).toBe('secret');
});

test('refuses a name that the format cannot hold', () => {
  expect(() => createTar([{ path: `/${'x'.repeat(101)}`, kind: 'dir', mode: 0o755 }])).toThrow('too long');
});

test('the same entries give the same bytes', () => {
  const entries = [{ path: '/a', kind: 'file', mode: 0o644, content: Buffer.from('1') }] as const;
  expect(createTar(entries).equals(createTar(entries))).toBe(true);
});
