import type { KubeClient, Written } from './kube-client.ts';
import type { ObjectMeta } from './kube-object.ts';
import { apiVersionOf } from './resource.ts';
import type { KubeResource, Place } from './resource.ts';

export interface ApplierOptions {
  readonly client: KubeClient;
  /** One for each component: the server keeps track of fields by it. */
  readonly fieldManager: string;
}

export interface ApplyOptions {
  readonly signal: AbortSignal;
  readonly subresource?: Place['subresource'];
  /** Takes fields over from other managers; without it they are told as KA_KUBE_APPLY_CONFLICT with `conflicts`. */
  readonly force?: boolean;
  /** The server answers as if, and keeps nothing. */
  readonly dryRun?: boolean;
}

export interface Intent {
  readonly metadata: Pick<
    ObjectMeta,
    'name' | 'namespace' | 'labels' | 'annotations' | 'finalizers' | 'ownerReferences'
  >;
  readonly [field: string]: unknown;
}

export interface Applier {
  /**
   * Makes the object's fields be as the intent says: those it names are ours, those it named before and no longer
   * does are removed, all others stay as they are. The same intent again writes nothing.
   */
  apply(resource: KubeResource, intent: Intent, options: ApplyOptions): Promise<Written>;
}

export function createApplier({ client, fieldManager }: ApplierOptions): Applier {
  return {
    apply(resource, intent, { signal, subresource, force = false, dryRun = false }) {
      const { name, namespace } = intent.metadata;
      const place: Place = {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(subresource === undefined ? {} : { subresource }),
      };
      const query = {
        fieldManager,
        force: String(force),
        fieldValidation: 'Strict',
        ...(dryRun ? { dryRun: 'All' } : {}),
      };
      const body = { ...intent, apiVersion: apiVersionOf(resource), kind: resource.kind };
      return client.patch(resource, place, { type: 'application/apply-patch+yaml', body }, { signal, query });
    },
  };
}
