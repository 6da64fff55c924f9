import { excerpt } from '@kubearmor-ts/sink-net';
import type { HttpAnswer, HttpSender } from '@kubearmor-ts/sink-net';
import type { ElasticConfig } from './elastic-config.ts';

/** Raised with every change of the mappings: a receiver that has an older one gets the new one. */
export const templateVersion = 1;

/**
 * Puts the index template unless the receiver has one of this version or a newer one. Undefined when it is in place,
 * else why not.
 */
export async function putTemplate(
  config: ElasticConfig,
  sender: HttpSender,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = `/_index_template/${encodeURIComponent(config.templateName)}`;
  const found = await sender.send({ method: 'GET', path, maxAnswerBytes: 4 * 1024 * 1024 }, signal);
  if (found.kind === 'failed') return found.reason;
  if (found.status !== 200 && found.status !== 404) return `index template: ${said(found)}`;
  if (found.status === 200 && versionOf(found.body) >= templateVersion) return undefined;
  const put = await sender.send(
    {
      method: 'PUT',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(indexTemplate(config)),
    },
    signal,
  );
  return put.kind === 'answer' && put.status === 200 ? undefined : `index template: ${said(put)}`;
}

const said = (answer: HttpAnswer): string =>
  answer.kind === 'failed' ? answer.reason : `HTTP ${String(answer.status)}${excerpt(answer.body)}`;

function versionOf(body: Buffer): number {
  try {
    const answer = JSON.parse(body.toString('utf8')) as {
      readonly index_templates?: readonly { readonly index_template?: { readonly version?: unknown } }[];
    };
    return Number(answer.index_templates?.[0]?.index_template?.version ?? 0);
  } catch {
    return 0;
  }
}

/** What both products know; types that only one of them has are left out. */
export function indexTemplate(config: ElasticConfig): object {
  return {
    index_patterns: [...new Set([config.alerts, config.logs])],
    priority: config.templatePriority,
    version: templateVersion,
    ...(config.template === 'data-stream' ? { data_stream: {} } : {}),
    template: {
      mappings: {
        // A text that only looks like a date must not decide the type of its field for all that follow.
        date_detection: false,
        dynamic_templates: [
          { texts: { match_mapping_type: 'string', mapping: { type: 'keyword', ignore_above: 8191 } } },
        ],
        properties: {
          '@timestamp': { type: 'date' },
          Timestamp: { type: 'date', format: 'epoch_second' },
          UpdatedTime: { type: 'date' },
          // Kept and shown, not indexed: its keys come from the system and would grow the mapping without bound.
          EventData: { type: 'object', dynamic: false },
          Message: { type: 'text' },
        },
      },
    },
    _meta: { description: 'Alerts and logs of KubeArmor policies', managed_by: 'kubearmor-ts' },
  };
}
