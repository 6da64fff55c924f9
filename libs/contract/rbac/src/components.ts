import { agent } from './agent.ts';
import { certgen } from './certgen.ts';
import { controller, podRefresher } from './controller.ts';
import { operator } from './operator.ts';
import type { ComponentRights } from './right.ts';
import { snitch } from './snitch.ts';

const relay: ComponentRights = { serviceAccount: 'kubearmor-relay', cluster: [], namespace: [] };

export const components = { agent, certgen, controller, operator, podRefresher, relay, snitch } as const;

export type ComponentName = keyof typeof components;
