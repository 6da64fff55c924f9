import type { Lab } from '../lab/scenario.ts';
import { AgentNode } from '../node/agent-node.ts';

let agent: Promise<AgentNode> | undefined;

/** One agent for all scenarios of a boot that want the same settings, as on a node. */
export const sharedAgent = (lab: Lab): Promise<AgentNode> => (agent ??= AgentNode.start(lab));
