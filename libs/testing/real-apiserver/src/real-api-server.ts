import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { askHttps } from './ask.ts';
import type { Answer, Question } from './ask.ts';
import { compactEtcd } from './compact-etcd.ts';
import { freePorts } from './free-ports.ts';
import { startOwned } from './owned-process.ts';
import type { OwnedProcess } from './owned-process.ts';
import { apiServerFlags, etcdFlags } from './server-flags.ts';
import { writeIdentities } from './write-identities.ts';
import type { UserOptions } from './write-identities.ts';

export type { Answer, Question } from './ask.ts';

export interface RealApiServerOptions {
  /** The folder with `etcd` and `kube-apiserver`. */
  readonly directory: string;
  /** Who may log in beside the administrator; RBAC gives them nothing. */
  readonly users?: readonly UserOptions[];
  /** More flags of kube-apiserver. */
  readonly flags?: readonly string[];
}

export interface RealApiServer {
  readonly url: URL;
  /** PEM of the authority behind the server's certificate. */
  readonly ca: string;
  /** Path of a kubeconfig: the administrator's, by client certificate, or by token that of a user in the options. */
  kubeconfig(user?: string): string;
  /** One request as the administrator, over a connection of its own kind: a test's other hand. */
  ask(question: Question): Promise<Answer>;
  /** Ends the process as a crash does. */
  killApiServer(): Promise<void>;
  /** At the same place; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Connections stay open and nobody answers on them. */
  freezeApiServer(): void;
  thawApiServer(): void;
  killEtcd(): Promise<void>;
  startEtcd(): Promise<void>;
  /** Makes etcd forget all history before now, as it does by itself every five minutes in production. */
  compact(): Promise<void>;
  /** Ends everything; may be called twice. */
  stop(): Promise<void>;
}

/** On a machine that does many things at once a start takes ten times as long as on an idle one. */
const readyMs = 90_000;
const attempts = 3;

/** Resolves when `/readyz` says so; rejects with the last words of the process that did not come up. */
export async function startRealApiServer(options: RealApiServerOptions): Promise<RealApiServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (cause) {
      // Somebody took a port between our look and the process's.
      const isTaken = cause instanceof Error && cause.message.includes('address already in use');
      if (!isTaken || attempt === attempts) throw cause;
    }
  }
}

async function startOnce(options: RealApiServerOptions): Promise<RealApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'ka-apiserver-'));
  const [client = 0, peer = 0, secure = 0] = await freePorts(3);
  const ports = { client, peer, secure };
  const identities = writeIdentities(directory, options.users ?? []);
  const url = new URL(`https://127.0.0.1:${String(secure)}`);
  const agent = new Agent({
    ca: identities.ca,
    cert: identities.admin.certificate,
    key: identities.admin.key,
    keepAlive: true,
    maxSockets: 16,
  });
  let etcd: OwnedProcess | undefined;
  let api: OwnedProcess | undefined;

  const ask = (question: Question): Promise<Answer> => askHttps(url, agent, question);
  const start = (name: string, flags: readonly string[]): OwnedProcess =>
    startOwned(join(options.directory, name), flags, join(directory, `${name}.log`));

  const ready = async (
    name: string,
    process: OwnedProcess,
    isReady: () => Promise<boolean>,
  ): Promise<void> => {
    const deadlineMs = performance.now() + readyMs;
    while (!(await isReady().catch(() => false))) {
      if (!process.isRunning) throw new Error(`${name} ended: ${process.lastWords()}`);
      if (performance.now() > deadlineMs) throw new Error(`${name} is not ready: ${process.lastWords()}`);
      await pause(25);
    }
  };

  const server: RealApiServer = {
    url,
    ca: identities.ca,
    kubeconfig(user) {
      const path = join(directory, `kubeconfig-${user ?? 'admin'}`);
      const token = user === undefined ? undefined : identities.tokens.get(user);
      if (user !== undefined && token === undefined) throw new Error(`no user ${user} was asked for`);
      writeFileSync(path, kubeconfigText(url, identities.ca, token ?? identities.admin));
      return path;
    },
    ask,
    async killApiServer() {
      await api?.kill();
    },
    async startApiServer() {
      api = start('kube-apiserver', [...apiServerFlags(directory, ports), ...(options.flags ?? [])]);
      await ready('kube-apiserver', api, async () => (await ask({ path: '/readyz' })).status === 200);
    },
    freezeApiServer: () => api?.freeze(),
    thawApiServer: () => api?.thaw(),
    async killEtcd() {
      await etcd?.kill();
    },
    async startEtcd() {
      etcd = start('etcd', etcdFlags(directory, ports));
      const health = `http://127.0.0.1:${String(client)}/health`;
      await ready('etcd', etcd, async () => (await fetch(health)).ok);
    },
    compact: () => compactEtcd(client),
    async stop() {
      agent.destroy();
      await Promise.all([api?.kill(), etcd?.kill()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await server.startEtcd();
    await server.startApiServer();
    return server;
  } catch (cause) {
    await server.stop();
    throw cause;
  }
}

function kubeconfigText(
  url: URL,
  ca: string,
  proof: string | { readonly certificate: string; readonly key: string },
): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user =
    typeof proof === 'string'
      ? { token: proof }
      : { 'client-certificate-data': base64(proof.certificate), 'client-key-data': base64(proof.key) };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: url.href, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}
