import { readFileSync } from 'node:fs';

export interface Memory {
  readonly rssKiB: number;
  readonly highestKiB: number;
}

const kib = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN);

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { rssKiB: kib(status, 'VmRSS'), highestKiB: kib(status, 'VmHWM') };
}

/** CPU time a process has used, in µs; the kernel counts in hundredths of a second. */
export function cpuUsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
