import { createApplier } from '@kubearmor-ts/kube';
import type { KubeFault, KubeResource } from '@kubearmor-ts/kube';
import type { ApplyOutcome, ReportStore } from '@kubearmor-ts/policy-report';
import type { KubeAccess } from './reach-kube.ts';

type Report = Parameters<ReportStore['apply']>[0];

const plurals: Readonly<Record<Report['kind'], string>> = {
  Report: 'reports',
  ClusterReport: 'clusterreports',
  PolicyReport: 'policyreports',
  ClusterPolicyReport: 'clusterpolicyreports',
};

/** Reports in a cluster, written by server-side apply: they are this relay's, so it takes back what others changed. */
export function createReportStore(kube: KubeAccess): ReportStore {
  const applier = createApplier({ client: kube.client, fieldManager: 'kubearmor-ts-relay' });
  return {
    target: kube.server,
    apis: async (signal) => {
      const served = await kube.client.apiVersions({ signal });
      return served.ok ? served : { ok: false, error: served.error.message };
    },
    apply: async (report, signal) => {
      const written = await applier.apply(resourceOf(report), { ...report }, { signal, force: true });
      return written.ok ? { kind: 'applied' } : outcomeOf(written.error);
    },
    // The client is the whole relay's.
    close: () => Promise.resolve(),
  };
}

function resourceOf({ apiVersion, kind }: Report): KubeResource {
  const [group = '', version = ''] = apiVersion.split('/');
  return { group, version, kind, plural: plurals[kind] };
}

function outcomeOf({ code, status, message, retryAfterMs }: KubeFault): ApplyOutcome {
  const refused: ApplyOutcome = { kind: 'refused', reason: message };
  // The API server names the namespace when it is that which is missing, or says that it is going.
  if (code === 'KA_KUBE_NOT_FOUND')
    return /\bnamespaces? "/.test(message) ? refused : { kind: 'no such api' };
  if (code === 'KA_KUBE_FORBIDDEN' && message.includes('being terminated')) return refused;
  if (code === 'KA_KUBE_INVALID' || status === 413) return refused;
  return { kind: 'retry', reason: message, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}
