import { KubeClient, connectKube, createNodeTransport } from '@kubearmor-ts/kube';
import type { Clock } from '@kubearmor-ts/life';

/** The API server as the parts of the relay that need one share it. */
export interface KubeAccess {
  readonly client: KubeClient;
  /** For messages. */
  readonly server: string;
  close(): void;
}

/** Rejects with a KubeError that says what is wrong with the configuration; asks the server nothing. */
export async function reachKube(
  settings: { readonly kubeconfig: string },
  clock: Clock,
): Promise<KubeAccess> {
  const { kubeconfig } = settings;
  const endpoint = await connectKube({ clock, ...(kubeconfig === '' ? {} : { kubeconfig }) });
  const transport = createNodeTransport(endpoint);
  return {
    client: new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/relay' }),
    server: endpoint.server.host,
    close: () => transport.close(),
  };
}
