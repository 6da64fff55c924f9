import assert from 'node:assert/strict';
import type { Lab } from '../lab/scenario.ts';

const MAP = '/sys/fs/bpf/kubearmor-ts/current/maps/events_taken';

/** How many records of all rings the agents so far have called safe (struct ka_events_taken), read without any of them. */
export async function readAccounts(lab: Lab): Promise<bigint> {
  const { code, stdout, stderr } = await lab.run(['bpftool', '--json', 'map', 'dump', 'pinned', MAP]);
  assert.equal(code, 0, stderr);
  return toAccounted(stdout);
}

/** `json`: bpftool's dump of the map, whose values are bytes in the order of the machine. */
export function toAccounted(json: string): bigint {
  const rows = JSON.parse(json) as readonly { readonly value: readonly string[] }[];
  return rows.reduce((sum, { value }) => {
    const bytes = Buffer.from(value.map(Number));
    return sum + bytes.readBigUInt64LE(0) - bytes.readBigUInt64LE(8);
  }, 0n);
}
