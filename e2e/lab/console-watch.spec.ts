import { ConsoleLog, isKernelComplaint, isPanic } from './console-watch.ts';

test.each([
  ['[    1.2] Kernel panic - not syncing: Attempted to kill init!', true],
  ['[    1.2] BUG: unable to handle page fault for address: ffff', true],
  ['[    1.2] WARNING: CPU: 0 PID: 77 at kernel/bpf/verifier.c:1 foo+0x1/0x2', true],
  ['[    1.2] kernel BUG at mm/slub.c:435!', true],
  ['[    1.2] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!', false],
  ['[    1.2] systemd: WARNING: something a program wrote', false],
])('judges "%s"', (line, bad) => {
  expect(isKernelComplaint(line)).toBe(bad);
});

test('keeps a complaint with what follows it, across chunk borders', () => {
  const log = new ConsoleLog();
  log.push('boot\r\n[1] Oo');
  log.push('ps: 0000 [#1]\r\n[1] RIP: here\r\n');
  expect(log.complaints).toEqual(['[1] Oops: 0000 [#1]', '[1] RIP: here']);
  expect(isPanic('[1] Oops: 0000')).toBe(false);
});

test('says how many lines it dropped when the console is endless', () => {
  const log = new ConsoleLog(2);
  log.push('a\nb\nc\npart');
  expect(log.text).toBe('(1 earlier lines dropped)\nb\nc\npart');
});

test('shows the lines about a panic, not the task list that follows it', () => {
  const log = new ConsoleLog();
  log.push('a\nb\nPANIC\nc\nd\ne\n');
  expect(log.around(/PANIC/, 1, 2)).toBe('b\nPANIC\nc');
  expect(log.around(/nothing/, 1, 1)).toBe('d\ne');
});
