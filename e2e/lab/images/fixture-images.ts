import { existsSync, realpathSync } from 'node:fs';
import { IMAGES } from './image-names.ts';
import type { ImageName } from './image-names.ts';
import { ImageTree } from './image-tree.ts';
import type { ImageSpec } from './oci-archive.ts';

/** Own programs, compiled on the host. `pause` must be static: it runs in every image. */
export const IMAGE_PROGRAMS = ['pause', 'hello', 'readwrite', 'announce', 'flip-argument', 'reach'] as const;
export type ProgramPaths = Readonly<Record<(typeof IMAGE_PROGRAMS)[number], string>>;

/** Path in the image → tool of the host; a real file each, as in a distribution without merged directories. */
export const HOST_TOOLS: Readonly<Record<string, string>> = {
  '/bin/bash': 'bash',
  '/bin/dash': 'dash',
  '/bin/sh': 'dash',
  '/bin/cat': 'cat',
  '/bin/chmod': 'chmod',
  '/bin/chown': 'chown',
  '/bin/cp': 'cp',
  '/bin/dd': 'dd',
  '/bin/echo': 'echo',
  '/bin/grep': 'grep',
  '/bin/ln': 'ln',
  '/bin/ls': 'ls',
  '/bin/mkdir': 'mkdir',
  '/bin/mknod': 'mknod',
  '/bin/mount': 'mount',
  '/bin/mv': 'mv',
  '/bin/pwd': 'pwd',
  '/bin/readlink': 'readlink',
  '/bin/rm': 'rm',
  '/bin/rmdir': 'rmdir',
  '/bin/sed': 'sed',
  '/bin/sleep': 'sleep',
  '/bin/su': 'su',
  '/bin/sync': 'sync',
  '/bin/touch': 'touch',
  '/bin/true': 'true',
  '/bin/umount': 'umount',
  '/bin/uname': 'uname',
  '/bin/unlink': 'unlink',
  '/unlink': 'unlink',
  '/foo/bar/unlink': 'unlink',
  '/usr/bin/unlink': 'unlink',
  '/usr/bin/env': 'env',
  '/usr/bin/head': 'head',
  '/usr/bin/id': 'id',
  '/usr/bin/nsenter': 'nsenter',
  '/usr/bin/stat': 'stat',
  '/usr/bin/tail': 'tail',
  '/usr/bin/tee': 'tee',
  '/usr/bin/truncate': 'truncate',
  '/usr/bin/tty': 'tty',
  '/usr/bin/unshare': 'unshare',
  '/usr/bin/wc': 'wc',
  '/usr/bin/whoami': 'whoami',
  '/usr/sbin/chroot': 'chroot',
};

/** The image with merged directories only needs what its cases run. */
const FEW_TOOLS = Object.fromEntries(
  Object.entries(HOST_TOOLS).filter(([path]) =>
    ['bash', 'sh', 'cat', 'ls', 'sleep', 'touch', 'head', 'id', 'su'].some((name) =>
      path.endsWith(`bin/${name}`),
    ),
  ),
);

const USER1 = { uid: 1000, gid: 1000 };
const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const COMMAND = ['/pause'];

/** Where the host has a tool, whatever its directory layout. */
export function hostTool(name: string): string {
  const found = ['/bin', '/usr/bin', '/sbin', '/usr/sbin']
    .map((dir) => `${dir}/${name}`)
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`the host has no ${name}, which the fixture images need`);
  return realpathSync(found);
}

/** What each image is made of; images on the same tools share that layer. */
export function fixtureImages(programs: ProgramPaths): Readonly<Record<ImageName, ImageSpec>> {
  const tools = system(new ImageTree(), HOST_TOOLS, programs).toLayer();
  const image = (name: ImageName, ...layers: Buffer[]): ImageSpec => ({
    name: IMAGES[name],
    layers,
    command: COMMAND,
    env: ENV,
  });
  return {
    busybox: image('busybox', busybox(programs).toLayer()),
    ubuntu: image('ubuntu', tools, multiubuntu(programs).toLayer()),
    wordpress: image('wordpress', tools, wordpress().toLayer()),
    mysql: image('mysql', tools, mysql().toLayer()),
    nginx: image('nginx', system(new ImageTree(true), FEW_TOOLS, programs).toLayer(), nginx().toLayer()),
  };
}

function busybox(programs: ProgramPaths): ImageTree {
  const tree = accounts(new ImageTree())
    .program('/pause', programs.pause)
    .program('/bin/busybox', '/bin/busybox');
  for (const applet of [
    'sh',
    'cat',
    'ls',
    'sleep',
    'touch',
    'head',
    'id',
    'rm',
    'mkdir',
    'tty',
    'wget',
    'true',
  ]) {
    tree.symlink(`/bin/${applet}`, 'busybox');
  }
  return tree;
}

/** What every system-like image has: tools, accounts, `su`, package managers. */
function system(tree: ImageTree, tools: Readonly<Record<string, string>>, programs: ProgramPaths): ImageTree {
  accounts(tree).program('/pause', programs.pause);
  for (const [path, tool] of Object.entries(tools))
    tree.program(path, hostTool(tool), tool === 'su' ? 0o4755 : 0o755);
  for (const name of ['apt', 'apt-get', 'apt-cache', 'curl', 'python3.6'])
    tree.program(`/usr/bin/${name}`, programs.announce);
  tree.symlink('/usr/bin/python3', 'python3.6');
  for (const path of ['/sbin/route', '/usr/sbin/arping', '/bin/ping']) tree.program(path, programs.announce);
  const pamModules = pamDirectory();
  for (const module of ['pam_rootok.so', 'pam_permit.so', 'pam_deny.so'])
    tree.program(`${pamModules}/${module}`, `${pamModules}/${module}`, 0o644);
  const pam =
    'auth sufficient pam_rootok.so\nauth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\npassword required pam_deny.so\n';
  for (const service of ['su', 'su-l', 'other']) tree.file(`/etc/pam.d/${service}`, pam);
  return tree;
}

function pamDirectory(): string {
  const places = ['/lib/x86_64-linux-gnu/security', '/lib/aarch64-linux-gnu/security'];
  const found = places.find((place) => existsSync(`${place}/pam_rootok.so`));
  if (found === undefined)
    throw new Error('the host has no PAM modules, which the fixture images need for su');
  return found;
}

function accounts(tree: ImageTree): ImageTree {
  return tree
    .dir('/tmp', 0o1777)
    .dir('/proc')
    .dir('/sys')
    .dir('/dev')
    .dir('/run')
    .dir('/root', 0o700)
    .dir('/home')
    .dir('/mnt')
    .dir('/var/log')
    .dir('/home/user1', 0o755, USER1)
    .symlink('/var/run', '/run')
    .file('/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\nuser1:x:1000:1000:user1:/home/user1:/bin/bash\n')
    .file('/etc/group', 'root:x:0:\nshadow:x:42:\nuser1:x:1000:\n')
    .file('/etc/shadow', 'root:*:19000:0:99999:7:::\nuser1:*:19000:0:99999:7:::\n', 0o640, {
      uid: 0,
      gid: 42,
    })
    .file('/etc/gshadow', 'root:*::\nuser1:!::\n', 0o640, { uid: 0, gid: 42 })
    .file('/etc/hostname', 'fixture\n')
    .file('/etc/hosts', '127.0.0.1 localhost\n')
    .file('/etc/host.conf', 'multi on\n')
    .file('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n')
    .file('/etc/profile', '')
    .file('/etc/login.defs', 'ENV_PATH PATH=/usr/local/bin:/usr/bin:/bin\n')
    .file('/etc/securetty', '');
}

/** The promise of the "multiubuntu" workload: secrets, credentials, and files of an unprivileged owner. */
function multiubuntu(programs: ProgramPaths): ImageTree {
  const home = '/home/user1';
  return new ImageTree()
    .file('/secret.txt', 'secret file\n')
    .file('/plain.txt', 'plain file\n')
    .file('/dummy', 'dummy\n')
    .file('/credentials/password', 'password file\n')
    .file('/credentials/token', 'token file\n')
    .file('/credentials/keys/cert.ca', 'certificate file\n')
    .file('/credentials/keys/priv.key', 'private key file\n')
    .program('/hello', programs.hello)
    .program('/readwrite', programs.readwrite)
    .program('/usr/bin/flip-argument', programs['flip-argument'])
    .program('/usr/bin/reach', programs.reach)
    .program('/usr/sbin/arping', programs.reach)
    .program('/bin/ping', programs.reach)
    .dir(home, 0o755, USER1)
    .program(`${home}/hello`, programs.hello, 0o755, USER1)
    .program(`${home}/readwrite`, programs.readwrite, 0o755, USER1)
    .file(`${home}/secret_data1.txt`, 'secret of user1\n', 0o644, USER1)
    .file(`${home}/otherfile.txt`, 'another file of user1\n', 0o644, USER1)
    .dir(`${home}/dir1`, 0o755, USER1)
    .file(`${home}/dir1/key1.txt`, 'key of user1\n', 0o644, USER1);
}

function wordpress(): ImageTree {
  return new ImageTree()
    .file('/var/www/html/wp-config.php', "<?php define('DB_PASSWORD', 'fixture');\n")
    .file('/var/www/html/index.php', '<?php\n');
}

function mysql(): ImageTree {
  return new ImageTree().dir('/var/lib/mysql', 0o755).file('/var/lib/mysql/ibdata1', 'data\n');
}

function nginx(): ImageTree {
  return new ImageTree()
    .file('/usr/share/nginx/html/index.html', '<h1>Welcome</h1>\n')
    .file('/docker-entrypoint.sh', '#!/bin/sh\nexec "$@"\n', 0o755)
    .file('/etc/nginx/nginx.conf', 'events {}\n');
}
