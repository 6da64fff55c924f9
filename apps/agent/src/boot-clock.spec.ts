import { BootClock } from './boot-clock.ts';
import { parsePasswd } from './node-facts.ts';

const aMachine = (sleptS = 0) => {
  const machine = { monotonicNs: 100_000_000_000n, wallMs: 1_700_000_000_000, sleptS };
  const clock = new BootClock({
    monotonicNs: () => machine.monotonicNs,
    uptimeS: () => Math.floor((Number(machine.monotonicNs) / 1e9 + machine.sleptS) * 100) / 100,
    wallMs: () => machine.wallMs,
  });
  return { machine, clock };
};

test('a record gets the wall time of its moment', () => {
  const { machine, clock } = aMachine();
  expect(clock.toWallNs(machine.monotonicNs - 5_000n)).toBe(1_700_000_000_000_000_000n - 5_000n);
});

test('time that the machine was suspended counts', () => {
  const { machine, clock } = aMachine(3600);
  const bootNs = machine.monotonicNs + 3_600_000_000_000n;
  const apart = clock.toWallNs(bootNs) - 1_700_000_000_000_000_000n;
  expect(apart < 20_000_000n && apart > -20_000_000n).toBe(true);
});

test('a clock that was set is followed within seconds, jitter is not', () => {
  const { machine, clock } = aMachine();
  machine.monotonicNs += 11_000_000_000n;
  machine.wallMs += 11_001;
  expect(clock.toWallNs(machine.monotonicNs)).toBe(1_700_000_011_000_000_000n);
  machine.monotonicNs += 11_000_000_000n;
  machine.wallMs += 11_000 + 3_600_000;
  expect(clock.toWallNs(machine.monotonicNs)).toBe(BigInt(machine.wallMs) * 1_000_000n);
});

test('user names are read line by line, whatever else is in the file', () => {
  const users = parsePasswd(
    'root:x:0:0:r:/root:/bin/sh\ntoor:x:0:0::/:\n\nbad\nx:y\n:z:5\nweb:x:33:33::/:\nn:x:-1:\n',
  );
  expect([...users]).toEqual([
    [0, 'root'],
    [33, 'web'],
  ]);
});
