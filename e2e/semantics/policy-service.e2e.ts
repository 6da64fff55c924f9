import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { policyStatusNumbers, type PolicyStatus } from '@kubearmor-ts/policy';
import { PolicyServiceClient, ProbeServiceClient, type ProbeResponse } from '@kubearmor-ts/proto';
import { runContainer } from '../lab/containers/containerd.ts';
import { scenario } from '../lab/scenario.ts';
import { GRPC_PORT } from '../node/agent-node.ts';
import { blocked, onHost, unorchestrated, type PolicyDocument } from './case.ts';
import { differs } from './match-alert.ts';
import { sharedAgent } from './shared-agent.ts';

const address = `127.0.0.1:${GRPC_PORT}`;

type Change = 'ADDED' | 'MODIFIED' | 'DELETED';

/** As `karmor vm policy` sends it: the event as JSON, the kind chosen by the method. */
function send(
  client: PolicyServiceClient,
  type: Change,
  { kind, metadata, spec }: PolicyDocument,
): Promise<PolicyStatus> {
  const policy = Buffer.from(JSON.stringify({ type, object: { metadata, spec } }));
  const method = kind === 'KubeArmorHostPolicy' ? 'hostPolicy' : 'containerPolicy';
  return new Promise((resolve, reject) => {
    client[method]({ policy }, (error, answer) => {
      if (error) return reject(error);
      const name = Object.entries(policyStatusNumbers).find(([, number]) => number === answer.status)?.[0];
      resolve((name ?? String(answer.status)) as PolicyStatus);
    });
  });
}

const probe = (client: ProbeServiceClient): Promise<ProbeResponse> =>
  new Promise((resolve, reject) =>
    client.getProbeData({}, (error, answer) => (error ? reject(error) : resolve(answer))),
  );

scenario('policy-service', { timeoutMs: 400_000 }, async (lab) => {
  const agent = await sharedAgent(lab);
  const policies = new PolicyServiceClient(address, credentials.createInsecure());
  const probes = new ProbeServiceClient(address, credentials.createInsecure());
  lab.defer(() => {
    policies.close();
    probes.close();
  });
  lab.defer(() => agent.enforce(lab, []));
  const loner = await runContainer(lab, { name: 'loner', image: 'ubuntu', keep: true });
  const ksp = unorchestrated(
    'grpc-block-sleep',
    { 'kubearmor.io/container.name': 'loner' },
    { process: { matchPaths: [{ path: '/bin/sleep' }] }, action: 'Block' },
  );
  const denies = async (): Promise<boolean> =>
    /permission denied/i.test((await loner.shell('sleep 0')).stderr);

  await lab.case('UNO-06 a container policy is accepted over gRPC and enforced', async () => {
    assert.equal(await send(policies, 'ADDED', ksp), 'Applied');
    await lab.until('the policy in force', denies, 20_000);
  });

  await lab.case('UNO-09 the probe lists the policy with the container while it is applied', async () => {
    assert.deepEqual((await probe(probes)).containerMap['loner']?.policyList, ['grpc-block-sleep']);
  });

  await lab.case('UNO-07 it is deleted over gRPC and no longer enforced', async () => {
    assert.equal(await send(policies, 'DELETED', ksp), 'Deleted');
    await lab.until('the policy out of force', async () => !(await denies()), 20_000);
    assert.equal(await send(policies, 'DELETED', ksp), 'NotExist');
    assert.deepEqual((await probe(probes)).containerMap['loner']?.policyList ?? [], []);
  });

  await lab.case('UNO-08 the probe lists a container while it runs and not after', async () => {
    const passing = await runContainer(lab, { name: 'passing', image: 'busybox', keep: true });
    const listed = async (): Promise<boolean> => (await probe(probes)).containerList.includes('passing');
    await lab.until('the container in the list', listed, 20_000);
    await passing.remove();
    await lab.until('the container gone from the list', async () => !(await listed()), 20_000);
  });

  await lab.case('HOST-02 a host policy sent again under its name takes the place of the first', async () => {
    const block = (path: string): PolicyDocument =>
      onHost('grpc-host-block', { process: { matchPaths: [{ path }] }, action: 'Block' });
    const isDenied = async (path: string): Promise<boolean> =>
      /permission denied/i.test((await lab.run(['bash', '-c', `${path} > /dev/null`])).stderr);
    const mark = agent.mark();
    assert.equal(await send(policies, 'ADDED', block('/usr/bin/nproc')), 'Applied');
    await lab.until('nproc denied', () => isDenied('/usr/bin/nproc'), 20_000);
    assert.ok(!(await isDenied('/usr/bin/id')));
    assert.equal(await send(policies, 'ADDED', block('/usr/bin/id')), 'Modified');
    await lab.until('id denied', () => isDenied('/usr/bin/id'), 20_000);
    assert.ok(!(await isDenied('/usr/bin/nproc')));
    assert.equal(await send(policies, 'DELETED', block('/usr/bin/id')), 'Deleted');
    await lab.until('id runs again', async () => !(await isDenied('/usr/bin/id')), 20_000);
    const alerts = await agent.alertsSince(mark);
    for (const program of ['/usr/bin/nproc', '/usr/bin/id']) {
      const expected = blocked('grpc-host-block', { Type: 'MatchedHostPolicy', Resource: program });
      assert.ok(
        alerts.some((alert) => differs(expected, alert) === undefined),
        `no alert for ${program}`,
      );
    }
  });

  await lab.case('what is not a policy is Invalid and leaves the others alone', async () => {
    const garbage = (policy: Buffer): Promise<number> =>
      new Promise((resolve, reject) =>
        policies.containerPolicy({ policy }, (error, answer) =>
          error ? reject(error) : resolve(answer.status),
        ),
      );
    const invalid = policyStatusNumbers.Invalid;
    assert.equal(await garbage(Buffer.from('{')), invalid);
    assert.equal(await garbage(Buffer.from([0xff, 0xfe, 0])), invalid);
    assert.equal(
      await garbage(Buffer.from(JSON.stringify({ type: 'ADDED', object: { metadata: {}, spec: {} } }))),
      invalid,
    );
    assert.ok((await agent.get('/readyz')).ok);
  });
});
