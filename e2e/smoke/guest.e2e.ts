import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { scenario } from '../lab/scenario.ts';

scenario('guest', async (lab) => {
  await lab.case('BPF and AppArmor are among the active security modules', async () => {
    const lsms = (await readFile('/sys/kernel/security/lsm', 'utf8')).trim().split(',');
    assert.ok(lsms.includes('bpf') && lsms.includes('apparmor'), lsms.join());
  });
  await lab.case('the kernel file systems a sensor needs are mounted', async () => {
    const mounts = await readFile('/proc/mounts', 'utf8');
    for (const type of ['cgroup2', 'bpf', 'tracefs', 'securityfs'])
      assert.match(mounts, new RegExp(` ${type} `));
  });
  await lab.case('the root is writable without touching the host', async () => {
    await writeFile('/etc/ka-lab-was-here', 'x');
    assert.equal((await lab.run(['/bin/cat', '/etc/ka-lab-was-here'])).stdout, 'x');
  });
  await lab.case('a program can be given a terminal', async () => {
    const withTty = await lab.run(['/bin/sh', '-c', 'test -t 0 && tty'], { tty: true });
    assert.match(withTty.stdout, /^\/dev\/pts\/\d+\n$/);
    assert.equal((await lab.run(['/bin/sh', '-c', 'test -t 0'])).code, 1);
  });
  await lab.case('an exit code and a signal come back', async () => {
    assert.equal((await lab.run(['/bin/sh', '-c', 'exit 7'])).code, 7);
    assert.equal((await lab.run(['/bin/sh', '-c', 'kill -9 $$'])).code, 137);
    assert.equal((await lab.run(['/no/such/program'])).code, 127);
  });
  await lab.case('a program can run as another user', async () => {
    assert.equal((await lab.run(['/usr/bin/id', '-u'], { uid: 1000, gid: 1000 })).stdout, '1000\n');
  });
  await lab.case('a background program can be waited for and stopped', async () => {
    const looping = lab.start(['/bin/sh', '-c', 'echo up; sleep 1000']);
    await looping.waitFor(/up/);
    assert.equal(await looping.stop(), 143);
  });
  await lab.case('the clock is right', () => {
    assert.ok(Date.now() > Date.parse('2026-01-01'), new Date().toISOString());
  });
});
