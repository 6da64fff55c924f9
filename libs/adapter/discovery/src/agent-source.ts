import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';

/** What one word of `--agents` names. */
export type AgentSource =
  | { readonly kind: 'static'; readonly address: string }
  | { readonly kind: 'host'; readonly name: string; readonly port: number }
  | { readonly kind: 'srv'; readonly name: string }
  /** Without a namespace: those of all namespaces. */
  | { readonly kind: 'pods'; readonly namespace?: string; readonly port: number };

const label = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const dnsName = new RegExp(`^${label}(?:\\.${label})*\\.?$`);
const podsWord = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)?(?::(\d{1,5}))?$/;

/**
 * `host[:port]`, `[v6][:port]`; `dns:name[:port]` for every address of the name; `srv:_service._tcp.name`;
 * `pods:[namespace][:port]` for the pods of agents.
 */
export function parseAgentSource(word: string, defaultPort: number): Result<AgentSource, string> {
  const [, scheme, rest = ''] = /^(?:(dns|srv|pods):)?(.*)$/s.exec(word)!;
  if (scheme === 'srv') {
    return dnsName.test(rest) ? ok({ kind: 'srv', name: rest }) : fail(`${word} names no SRV record`);
  }
  if (scheme === 'pods') return podsOf(word, rest, defaultPort);
  const match = /^(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(rest);
  const host = match?.[1];
  const port = Number(match?.[2] ?? defaultPort);
  if (host === undefined || !isPort(port)) return fail(`${word} is not host:port`);
  if (scheme !== 'dns') return ok({ kind: 'static', address: `${host}:${String(port)}` });
  return dnsName.test(host) ? ok({ kind: 'host', name: host, port }) : fail(`${word} names no host`);
}

function podsOf(word: string, rest: string, defaultPort: number): Result<AgentSource, string> {
  const match = podsWord.exec(rest);
  const namespace = match?.[1];
  const port = Number(match?.[2] ?? defaultPort);
  if (match === null || !isPort(port)) return fail(`${word} is not pods:namespace:port`);
  return ok({ kind: 'pods', port, ...(namespace === undefined ? {} : { namespace }) });
}

const isPort = (port: number): boolean => port >= 1 && port <= 65_535;
