import assert from 'node:assert/strict';
import { runContainer } from '../lab/containers/containerd.ts';
import { runPlainContainer } from '../lab/containers/plain-runc.ts';
import type { Container } from '../lab/containers/container.ts';
import { scenario } from '../lab/scenario.ts';
import type { Lab } from '../lab/scenario.ts';

/** Promises that hold for a container of either runtime. */
async function checkUbuntu(lab: Lab, container: Container): Promise<void> {
  await lab.case('its tools are separate real files, not links', async () => {
    const listing = await container.shell(
      'cd /; for f in bin/bash bin/dash bin/sh bin/cat bin/ls bin/sleep usr/bin/head usr/bin/whoami usr/bin/apt usr/bin/apt-get sbin/route; do test -f $f -a ! -L $f || echo $f; done',
    );
    assert.deepEqual(listing, { code: 0, stdout: '', stderr: '' });
  });
  await lab.case('it holds the secrets that policies protect', async () => {
    assert.equal((await container.exec(['/bin/cat', '/secret.txt'])).stdout, 'secret file\n');
    const all = await container.exec([
      '/bin/cat',
      '/plain.txt',
      '/credentials/password',
      '/credentials/token',
      '/credentials/keys/cert.ca',
      '/credentials/keys/priv.key',
      '/etc/shadow',
      '/etc/gshadow',
      '/etc/hostname',
    ]);
    assert.equal(all.code, 0, all.stderr);
  });
  await lab.case('the service-account token is read through the links of a kubelet', async () => {
    assert.equal(
      (await container.exec(['/bin/cat', '/run/secrets/kubernetes.io/serviceaccount/token'])).stdout,
      'fixture-token\n',
    );
    assert.match(
      (await container.exec(['/bin/readlink', '-f', '/var/run/secrets/kubernetes.io/serviceaccount/token']))
        .stdout,
      /\/\.\.2026.*\/token/,
    );
  });
  await lab.case('exec gives a real terminal when asked for one, and none otherwise', async () => {
    const tty = await container.exec(['/usr/bin/tty'], { tty: true });
    assert.deepEqual([tty.code, tty.stdout], [0, '/dev/pts/0\n']);
    assert.equal((await container.exec(['/usr/bin/tty'])).stdout, 'not a tty\n');
  });
  await lab.case('su runs the owner’s programs as the owner', async () => {
    const run = await container.exec(
      [
        '/bin/su',
        '-',
        'user1',
        '-c',
        'whoami; ./hello; ./readwrite -r secret_data1.txt && ./readwrite -w secret_data1.txt',
      ],
      { tty: true },
    );
    assert.deepEqual([run.code, run.stdout], [0, 'user1\nhelloworld\nsecret of user1\n']);
  });
  await lab.case('exec can take another uid and working folder', async () => {
    const run = await container.exec(['/bin/sh', '-c', 'id -u; pwd'], { uid: 1000, cwd: '/home/user1' });
    assert.deepEqual(run, { code: 0, stdout: '1000\n/home/user1\n', stderr: '' });
  });
  await lab.case('exit code, stdout and stderr come back apart', async () => {
    assert.deepEqual(await container.shell('echo out; echo err >&2; exit 3'), {
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });
}

scenario('containerd', { timeoutMs: 180_000 }, async (lab) => {
  const ubuntu = await runContainer(lab, {
    name: 'ubuntu-1',
    image: 'ubuntu',
    labels: { container: 'ubuntu-1', group: 'group-1' },
  });
  await checkUbuntu(lab, ubuntu);
  await lab.case('its cgroup is its own', () => assert.match(ubuntu.cgroup, /\/default\/ubuntu-1$/));
  await lab.case('containerd knows its labels', async () => {
    assert.match((await lab.run(['ctr', 'containers', 'info', 'ubuntu-1'])).stdout, /"group": "group-1"/);
  });
  await lab.case('exec through containerd, with and without a terminal', async () => {
    const plain = await ubuntu.exec(['/usr/bin/tty'], { through: 'containerd' });
    assert.deepEqual([plain.code, plain.stdout], [1, 'not a tty\n']);
    const tty = await ubuntu.exec(['/bin/sh', '-c', 'tty; id -u'], {
      through: 'containerd',
      tty: true,
      uid: 1000,
    });
    assert.deepEqual([tty.code, tty.stdout], [0, '/dev/pts/0\n1000\n']);
  });
  await lab.case('a container can be removed', async () => {
    const short = await runContainer(lab, { name: 'short', image: 'ubuntu', serviceAccount: false });
    await short.remove();
    assert.ok(!(await lab.run(['ctr', 'containers', 'ls', '-q'])).stdout.includes('short'));
  });
});

scenario('fixture-images', { timeoutMs: 180_000 }, async (lab) => {
  const expectations = [
    ['busybox', '/etc/hostname', '/bin/sh'],
    ['wordpress', '/var/www/html/wp-config.php', '/bin/cat'],
    ['mysql', '/var/lib/mysql/ibdata1', '/bin/cat'],
    ['nginx', '/usr/share/nginx/html/index.html', '/usr/bin/cat'],
  ] as const;
  for (const [image, file, program] of expectations) {
    await lab.case(`the ${image} image runs and has its files`, async () => {
      const container = await runContainer(lab, { name: image, image });
      const read = await container.shell(`cat ${file} && test -x ${program}`);
      assert.equal(read.code, 0, read.stderr);
      await container.remove();
    });
  }
});

scenario('plain-runc', { timeoutMs: 120_000 }, async (lab) => {
  const container = await runPlainContainer(lab, {
    name: 'plain',
    image: 'ubuntu',
    labels: { app: 'plain' },
  });
  await checkUbuntu(lab, container);
});
