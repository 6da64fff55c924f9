export type { AgentDiscovery, DiscoveredAgent } from './agent-discovery.ts';
export { parseAgentSource } from './agent-source.ts';
export type { AgentSource } from './agent-source.ts';
export { createDnsDiscovery } from './dns-discovery.ts';
export type { DnsDiscoveryOptions, DnsResolver } from './dns-discovery.ts';
export { createPodDiscovery } from './pod-discovery.ts';
export type { AgentPod, PodDiscoveryOptions } from './pod-discovery.ts';
export { createStaticDiscovery } from './static-discovery.ts';
