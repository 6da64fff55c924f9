import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './errors.ts';

export interface MachineSpec {
  readonly vmlinuz: string;
  readonly initramfs: string;
  readonly kernelArgs: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  /** Count guest instructions: one vCPU, repeatable to about 0.1 %. */
  readonly icount: boolean;
  /** Guest TCP port → port on the host's loopback. */
  readonly forwards: ReadonlyMap<number, number>;
}

export interface Machine {
  readonly accel: 'kvm' | 'tcg';
  readonly console: Readable;
  readonly control: Socket;
  readonly output: Socket;
  /** Settles when QEMU has ended, with what it wrote to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
  /** Sends an NMI and gives the kernel that long to say what it has to say. */
  interrupt(patienceMs: number): Promise<void>;
  kill(): Promise<void>;
}

const VIRTIOFSD = ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'];

/** KVM only where the processor really virtualises: /dev/kvm alone may be there without it. */
export function chooseAccel(): 'kvm' | 'tcg' {
  const wish = process.env['KA_LAB_ACCEL'];
  if (wish === 'kvm' || wish === 'tcg') return wish;
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'kvm' : 'tcg';
  } catch {
    return 'tcg';
  }
}

export async function startMachine(spec: MachineSpec): Promise<Machine> {
  const virtiofsd = VIRTIOFSD.find((path) => existsSync(path));
  if (virtiofsd === undefined)
    throw new LabError('KA_LAB_NO_VIRTIOFSD', `no virtiofsd at ${VIRTIOFSD.join(' or ')}`);
  const sockets = await mkdtemp(join(tmpdir(), 'ka-lab-'));
  const share = join(sockets, 'share');
  const children: ChildProcess[] = [];
  const killAll = (): void => children.forEach((child) => child.kill('SIGKILL'));
  const onExit = (): void => {
    killAll();
    rmSync(sockets, { recursive: true, force: true });
  };
  process.on('exit', onExit);
  const release = async (): Promise<void> => {
    killAll();
    process.off('exit', onExit);
    await rm(sockets, { recursive: true, force: true });
  };
  try {
    const sharer = spawn(
      virtiofsd,
      [`--socket-path=${share}`, '-o', 'source=/', '-o', 'sandbox=chroot', '-o', 'cache=always'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    children.push(sharer);
    const sharerLog = collect(sharer.stderr);
    await socketAppears(share, sharer, sharerLog);

    const accel = spec.icount ? 'tcg' : chooseAccel();
    const qemu = spawn('qemu-system-x86_64', qemuArgs(spec, accel, sockets), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(qemu);
    const qemuLog = collect(qemu.stderr);
    const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
      qemu.once('error', (error) => resolve({ code: null, stderr: String(error) }));
      qemu.once('close', (code) => {
        sharer.kill('SIGKILL');
        resolve({ code, stderr: qemuLog() + sharerLog() });
      });
    });
    const control = await connectPort(join(sockets, 'control'), qemu, qemuLog);
    const output = await connectPort(join(sockets, 'output'), qemu, qemuLog);
    const monitor = await connectPort(join(sockets, 'monitor'), qemu, qemuLog);
    // QEMU stops listening to a monitor whose greeting nobody reads.
    monitor.resume();
    return {
      accel,
      console: qemu.stdout,
      control,
      output,
      ended,
      interrupt: async (patienceMs) => {
        monitor.write('nmi\n');
        await Promise.race([ended, delay(patienceMs)]);
      },
      kill: async () => {
        killAll();
        await ended;
        control.destroy();
        output.destroy();
        monitor.destroy();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function qemuArgs(spec: MachineSpec, accel: 'kvm' | 'tcg', sockets: string): string[] {
  // Emulated vCPUs take turns in one thread. In parallel, QEMU 7.2 lets one go on in code that another has patched: when
  // programs are attached or detached, it dies of the int3 that stood there for a moment (arch/x86/kernel/alternative.c,
  // text_poke_bp_batch). It also corrupts flags in cmpxchg16b, hence -cx16.
  const cpu = accel === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-cpu', 'max,-cx16'];
  const tcg = ['-accel', 'tcg,thread=single', ...(spec.icount ? ['-icount', 'shift=0'] : [])];
  const forwards = [...spec.forwards]
    .map(([guest, host]) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`)
    .join('');
  return [
    ...cpu,
    ...(accel === 'tcg' ? tcg : []),
    '-m',
    `${spec.memoryMiB}M`,
    '-smp',
    String(spec.icount ? 1 : spec.cpus),
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-object',
    `memory-backend-memfd,id=mem,size=${spec.memoryMiB}M,share=on`,
    '-numa',
    'node,memdev=mem',
    '-chardev',
    'stdio,id=console,signal=off',
    '-serial',
    'chardev:console',
    '-chardev',
    `socket,id=share,path=${join(sockets, 'share')}`,
    '-device',
    'vhost-user-fs-pci,chardev=share,tag=host,queue-size=1024',
    '-device',
    'virtio-serial-pci',
    '-chardev',
    `socket,id=control,path=${join(sockets, 'control')},server=on,wait=off`,
    '-device',
    'virtserialport,chardev=control,name=ka.control',
    '-chardev',
    `socket,id=output,path=${join(sockets, 'output')},server=on,wait=off`,
    '-device',
    'virtserialport,chardev=output,name=ka.output',
    '-chardev',
    `socket,id=monitor,path=${join(sockets, 'monitor')},server=on,wait=off`,
    '-mon',
    'chardev=monitor,mode=readline',
    '-netdev',
    `user,id=net${forwards}`,
    '-device',
    'virtio-net-pci,netdev=net,romfile=',
    '-kernel',
    spec.vmlinuz,
    '-initrd',
    spec.initramfs,
    '-append',
    spec.kernelArgs.join(' '),
  ];
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-20_000);
  });
  return () => text;
}

async function socketAppears(path: string, child: ChildProcess, log: () => string): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 10) {
    if (existsSync(path)) return;
    if (child.exitCode !== null || child.pid === undefined) break;
    await delay(10);
  }
  throw new LabError('KA_LAB_START', `${child.spawnfile} did not open ${path}: ${log()}`);
}

async function connectPort(path: string, qemu: ChildProcess, log: () => string): Promise<Socket> {
  await socketAppears(path, qemu, log);
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', reject);
  });
}
