import { askRelay } from './ask-relay.ts';
import type { RelayAccess } from './ask-relay.ts';

export interface WorkloadSummary {
  readonly workload: Readonly<
    Record<'cluster' | 'host' | 'namespace' | 'ownerKind' | 'ownerName' | 'container', string>
  >;
  readonly behaviours: readonly Behaviour[];
}

export interface Behaviour {
  readonly class: string;
  readonly source: string;
  readonly target: string;
  readonly detail: string;
  readonly outcome: string;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

const pageRows = 1000;

/** Up to `limit` behaviours (0 is all), page by page; those of a workload together. */
export async function readSummaries(
  access: RelayAccess,
  filter: Readonly<Record<string, string>>,
  limit: number,
): Promise<{ readonly summaries: readonly WorkloadSummary[]; readonly isCut: boolean }> {
  const groups = new Map<string, { workload: WorkloadSummary['workload']; behaviours: Behaviour[] }>();
  let rows = 0;
  let cursor: string | undefined;
  do {
    const left = limit === 0 ? pageRows : Math.min(pageRows, limit - rows);
    const page = (await askRelay(access, '/v1/summaries', {
      ...filter,
      limit: String(left),
      ...(cursor === undefined ? {} : { cursor }),
    })) as { summaries: WorkloadSummary[]; next?: string };
    for (const { workload, behaviours } of page.summaries) {
      const key = JSON.stringify(Object.values(workload));
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { workload, behaviours: [...behaviours] });
      else known.behaviours.push(...behaviours);
      rows += behaviours.length;
    }
    cursor = page.next;
  } while (cursor !== undefined && (limit === 0 || rows < limit));
  return { summaries: [...groups.values()], isCut: cursor !== undefined };
}
