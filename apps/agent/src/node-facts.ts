import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { NodeInfo } from '@kubearmor-ts/event';

export interface NodeFactsOptions {
  readonly cluster: string;
  readonly host: string;
  readonly machineIdPath: string;
  readonly passwdPath: string;
  readonly version: string;
}

const PASSWD_BYTES_MAX = 4n << 20n;

/** What every event of this node says about the node; the user table follows /etc/passwd. */
export class NodeFacts {
  readonly hostName: string;
  readonly #options: NodeFactsOptions;
  #nodeId = '';
  #users: ReadonlyMap<number, string> = new Map();
  #passwdStamp = '';
  #info: NodeInfo;

  constructor(options: NodeFactsOptions) {
    this.#options = options;
    this.hostName = options.host === '' ? hostname() : options.host;
    this.#info = this.#toInfo();
  }

  get info(): NodeInfo {
    return this.#info;
  }

  async load(): Promise<void> {
    for (const path of [this.#options.machineIdPath, '/var/lib/dbus/machine-id']) {
      this.#nodeId ||= (await readFile(path, 'utf8').catch(() => '')).trim().slice(0, 64);
    }
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const found = await stat(this.#options.passwdPath, { bigint: true }).catch(() => undefined);
    const stamp = found === undefined ? 'none' : `${found.mtimeNs} ${found.size} ${found.ino}`;
    if (stamp !== this.#passwdStamp && (found === undefined || found.size <= PASSWD_BYTES_MAX)) {
      this.#passwdStamp = stamp;
      this.#users = parsePasswd(await readFile(this.#options.passwdPath, 'utf8').catch(() => ''));
    }
    this.#info = this.#toInfo();
  }

  #toInfo(): NodeInfo {
    return {
      clusterName: this.#options.cluster,
      hostName: this.hostName,
      nodeId: this.#nodeId === '' ? this.hostName : this.#nodeId,
      version: this.#options.version,
      arch: process.arch === 'arm64' ? 'arm64' : 'x64',
      users: this.#users,
    };
  }
}

/** The first name of a uid wins, as with getpwuid. */
export function parsePasswd(text: string): ReadonlyMap<number, string> {
  const users = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === undefined || name === '' || uid === undefined || !/^\d{1,10}$/.test(uid)) continue;
    if (!users.has(Number(uid))) users.set(Number(uid), name);
  }
  return users;
}
