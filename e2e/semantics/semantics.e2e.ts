import type { Container } from '../lab/containers/container.ts';
import { scenario, type Lab } from '../lab/scenario.ts';
import type { AgentNode } from '../node/agent-node.ts';
import { capabilityCases } from './capability.cases.ts';
import type { ContainerName, SemanticsCase } from './case.ts';
import { fileCases } from './file.cases.ts';
import { networkCases } from './network.cases.ts';
import { containerFilterCases, hostCases, unorchestratedCases } from './other.cases.ts';
import { ownerCases } from './owner.cases.ts';
import { processCases } from './process.cases.ts';
import { startContainers } from './containers.ts';
import { runCase, type Node } from './run-case.ts';
import { sharedAgent } from './shared-agent.ts';
import { smokeCases } from './smoke.cases.ts';

function nodeOf(lab: Lab, agentNode: AgentNode, containers: ReadonlyMap<ContainerName, Container>): Node {
  return {
    enforce: (policies) => agentNode.enforce(lab, policies),
    mark: () => agentNode.mark(),
    alertsSince: (mark) => agentNode.alertsSince(mark),
    exec: (where, argv, { uid, tty }) =>
      where === 'host'
        ? lab.run(argv, { uid, gid: uid, tty })
        : containers.get(where)!.exec(argv, { uid, tty }),
  };
}

function casesScenario(
  name: string,
  cases: readonly SemanticsCase[],
  unfit: Readonly<Record<string, string>> = {},
): void {
  scenario(name, { timeoutMs: 900_000 }, async (lab) => {
    const wanted = cases
      .flatMap((one) => one.steps.map((step) => step.in))
      .filter((where) => where !== 'host');
    const containers = await startContainers(lab, wanted);
    const agentNode = await sharedAgent(lab);
    const node = nodeOf(lab, agentNode, containers);
    lab.defer(() => agentNode.enforce(lab, []));
    for (const one of cases) await lab.case(`${one.id} ${one.promise}`, () => runCase(node, one));
    for (const [id, reason] of Object.entries(unfit)) lab.skip(id, reason);
  });
}

casesScenario('semantics-smoke', smokeCases);
casesScenario('semantics-process', processCases, {
  'KSP-01': 'annotations on pods need a Kubernetes API server, which the lab does not have',
});
casesScenario('semantics-file', fileCases, {
  'KSP-41':
    'raw AppArmor rules need the AppArmor enforcer, which this version does not have; the policy bears a condition',
});
casesScenario('semantics-owner', ownerCases);
casesScenario('semantics-containers', [...containerFilterCases, ...unorchestratedCases]);
casesScenario('semantics-host', hostCases);
casesScenario('semantics-capabilities', capabilityCases);
casesScenario('semantics-network', networkCases);
