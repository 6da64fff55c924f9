import { KubeClient, KubeError, connectKube, createNodeTransport } from '@kubearmor-ts/kube';
import type { Clock } from '@kubearmor-ts/life';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';

/** The API server as the parts of the relay that need one share it. */
export interface KubeAccess {
  readonly client: KubeClient;
  /** For messages. */
  readonly server: string;
  close(): void;
}

/** Reads the configuration and asks the server nothing: it may be away when the relay starts. */
export async function reachKube(
  settings: { readonly kubeconfig: string },
  clock: Clock,
): Promise<Result<KubeAccess, readonly CodedError[]>> {
  const { kubeconfig } = settings;
  try {
    const endpoint = await connectKube({ clock, ...(kubeconfig === '' ? {} : { kubeconfig }) });
    const transport = createNodeTransport(endpoint);
    return ok({
      client: new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/relay' }),
      server: endpoint.server.host,
      close: () => transport.close(),
    });
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause;
    const { code, reason, message } = cause;
    return fail([{ code, reason, object: 'kubeconfig', message: `--kubeconfig: ${message}` }]);
  }
}
