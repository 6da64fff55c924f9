import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';

/** What one word of `--agents` names. */
export type AgentSource =
  | { readonly kind: 'static'; readonly address: string }
  | { readonly kind: 'host'; readonly name: string; readonly port: number }
  | { readonly kind: 'srv'; readonly name: string };

const label = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const dnsName = new RegExp(`^${label}(?:\\.${label})*\\.?$`);

/** `host[:port]`, `[v6][:port]`; `dns:name[:port]` for every address of the name; `srv:_service._tcp.name`. */
export function parseAgentSource(word: string, defaultPort: number): Result<AgentSource, string> {
  const [, scheme, rest = ''] = /^(?:(dns|srv):)?(.*)$/s.exec(word)!;
  if (scheme === 'srv') {
    return dnsName.test(rest) ? ok({ kind: 'srv', name: rest }) : fail(`${word} names no SRV record`);
  }
  const match = /^(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(rest);
  const host = match?.[1];
  const port = Number(match?.[2] ?? defaultPort);
  if (host === undefined || port < 1 || port > 65_535) return fail(`${word} is not host:port`);
  if (scheme !== 'dns') return ok({ kind: 'static', address: `${host}:${String(port)}` });
  return dnsName.test(host) ? ok({ kind: 'host', name: host, port }) : fail(`${word} names no host`);
}
