/** What the demo's host side asks the node for, by name. */
export const NODE_SCENARIO = 'demo-node';
export const ATTACK_SCENARIO = 'demo-attack';
export const POLICY_FILE = 'e2e/demo/protect-shop.yaml';
