import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { runContainer } from '../lab/containers/containerd.ts';
import { scenario, type Lab } from '../lab/scenario.ts';
import { AgentNode, type WrittenPolicy } from '../node/agent-node.ts';
import { ATTACK_SCENARIO, NODE_SCENARIO, POLICY_FILE } from './names.ts';

let node: AgentNode | undefined;

const startShop = (lab: Lab, name: string, app: string) =>
  runContainer(lab, {
    name,
    image: 'wordpress',
    keep: true,
    labels: {
      'io.kubernetes.pod.namespace': 'shop',
      'io.kubernetes.pod.name': `${name}-pod`,
      'io.kubernetes.container.name': name,
      app,
    },
  });

const startBoth = async (lab: Lab) => ({
  shop: await startShop(lab, 'shop', 'shop'),
  neighbour: await startShop(lab, 'neighbour', 'neighbour'),
});

const attacks = [
  { what: 'read the service account token', script: 'cat /run/secrets/kubernetes.io/serviceaccount/token' },
  { what: 'run a package manager', script: 'apt update' },
] as const;

scenario(NODE_SCENARIO, { onlyByName: true, timeoutMs: 400_000 }, async (lab) => {
  await lab.case('containerd runs two containers', () => startBoth(lab).then(() => undefined));
  await lab.case('the agent is ready', async () => {
    node = await AgentNode.start(lab);
  });
});

scenario(ATTACK_SCENARIO, { onlyByName: true, timeoutMs: 200_000 }, async (lab) => {
  const { shop, neighbour } = await startBoth(lab);
  assert.ok(node, 'the node scenario runs first');
  await node.enforce(lab, [parse(readFileSync(POLICY_FILE, 'utf8')) as WrittenPolicy]);
  for (const { what, script } of attacks) {
    for (const [container, isDenied] of [
      [shop, true],
      [neighbour, false],
    ] as const) {
      await lab.case(`${container.name}: ${what}: ${isDenied ? 'denied' : 'allowed'}`, async () => {
        const { code, stdout, stderr } = await container.shell(`${script}; exit $?`);
        const text = `${stdout}${stderr}`.trim();
        lab.log(`${container.name}$ ${script}\n${text}\n(exit ${code})`);
        assert.equal(/permission denied/i.test(text), isDenied, text);
        assert.equal(code === 0, !isDenied, text);
      });
    }
  }
});
