import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '@kubearmor-ts/life';
import { KubeError, fault } from './errors.ts';
import type { Credentials, KubeEndpoint } from './node-transport.ts';

export interface ConnectOptions {
  /** A kubeconfig file. Without it: the pod's service account, else `KUBECONFIG` and the usual file. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly clock: Clock;
}

/** How long a token or certificate read from its file is used before it is read again. */
const credentialsMs = 10_000;

/**
 * Where the API server is and how to be somebody there: kubeconfig, service account tokens, exec plugins, OIDC and
 * TLS are client-node's work. It is loaded here and not before, since it costs half a second and 90 MB unbundled.
 * Rejects with a KubeError (KA_KUBE_CONFIG).
 */
export async function connectKube(options: ConnectOptions): Promise<KubeEndpoint> {
  const { KubeConfig: Config } = await import('./kube-config.ts');
  const config = new Config();
  try {
    load(config, options);
  } catch (cause) {
    throw refused(`cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw refused(`has no cluster for the context "${config.getCurrentContext()}"`);
  if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== '')
    throw refused(`wants a proxy for ${cluster.name}, which is not supported`);
  if (!URL.canParse(cluster.server)) throw refused(`names the server "${cluster.server}", which is no URL`);

  let known: { readonly credentials: Credentials; readonly untilMs: number } | undefined;
  return {
    server: new URL(cluster.server),
    async credentials() {
      const nowMs = options.clock.nowMs();
      if (known !== undefined && nowMs < known.untilMs) return known.credentials;
      const credentials = await credentialsOf(config);
      known = { credentials, untilMs: nowMs + credentialsMs };
      return credentials;
    },
  };
}

function load(config: KubeConfig, { kubeconfig, context }: ConnectOptions): void {
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined) config.loadFromCluster();
  else config.loadFromDefault();
  if (context === undefined) return;
  if (config.getContextObject(context) === null) throw new Error(`no context is named "${context}"`);
  config.setCurrentContext(context);
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const applied: RequestOptions = {};
  await config.applyToHTTPSOptions(applied);
  const headers = Object.entries(applied.headers ?? {}).map(([name, value]) => [name, String(value)]);
  const { auth, ca, cert, key, servername, rejectUnauthorized } = applied;
  if (typeof auth === 'string')
    headers.push(['Authorization', `Basic ${Buffer.from(auth).toString('base64')}`]);
  return {
    headers: Object.fromEntries(headers),
    tls: {
      ...(isPem(ca) ? { ca } : {}),
      ...(isPem(cert) ? { cert } : {}),
      ...(isPem(key) ? { key } : {}),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  };
}

const isPem = (value: unknown): value is string | Buffer =>
  typeof value === 'string' || Buffer.isBuffer(value);

const refused = (what: string, cause?: unknown): KubeError =>
  new KubeError(fault('KA_KUBE_CONFIG', `the Kubernetes configuration ${what}`, { cause }));
