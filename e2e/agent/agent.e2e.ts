import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runContainer } from '../lab/containers/containerd.ts';
import { runPlainContainer } from '../lab/containers/plain-runc.ts';
import { scenario } from '../lab/scenario.ts';
import { AgentProcess } from './agent-process.ts';
import { buildAgent } from './build-agent.ts';

const policy = (name: string, selector: string, rules: string): string =>
  `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: ${name}\nspec:\n` +
  `  severity: 7\n  tags: [LAB]\n  message: seen in the lab\n  selector:\n    matchLabels: ${selector}\n${rules}  action: Block\n`;

const files = (...paths: string[]): string =>
  `  file:\n    matchPaths:\n${paths.map((path) => `    - path: ${path}\n`).join('')}`;

scenario(
  'agent',
  {
    timeoutMs: 400_000,
    prepare: buildAgent,
  },
  async (lab) => {
    const agent = new AgentProcess(lab, ['--enableKubeArmorHostPolicy', '--runcRoots', '/run/ka-runc/state']);
    const running = await runContainer(lab, { name: 'before', image: 'ubuntu', labels: { app: 'shop' } });
    await agent.start();
    await agent.write('a.yaml', policy('guard-secret', '{app: shop}', files('/secret.txt')));

    await lab.case('a container that ran before the agent is protected', async () => {
      const read = await running.exec(['/bin/cat', '/secret.txt']);
      assert.notEqual(read.code, 0);
      assert.match(read.stderr, /Permission denied/);
      assert.equal((await running.exec(['/bin/cat', '/plain.txt'])).code, 0);
    });
    await lab.case('its alert names the policy, the container and the attacker', async () => {
      const alert = await agent.alert('the alert', { PolicyName: 'guard-secret' });
      assert.deepEqual<unknown>(alert, {
        ...alert,
        NamespaceName: 'container_namespace',
        ContainerName: 'before',
        Type: 'MatchedPolicy',
        Severity: '7',
        Tags: 'LAB',
        Message: 'seen in the lab',
        Operation: 'File',
        Resource: '/secret.txt',
        Source: '/bin/cat /secret.txt',
        ProcessName: '/bin/cat',
        Action: 'Block',
        Result: 'Permission denied',
        Enforcer: 'BPFLSM',
        HostName: 'lab-node',
      });
      assert.match(String(alert['Labels']), /app=shop/);
      assert.match(String(alert['ContainerImage']), /ubuntu/);
      assert.ok(Math.abs(Number(alert['Timestamp']) - Date.now() / 1000) < 60, String(alert['UpdatedTime']));
    });
    await lab.case('a container that starts later is protected from its first instruction', async () => {
      const late = await runContainer(lab, {
        name: 'late',
        image: 'ubuntu',
        labels: { app: 'shop' },
        command: ['/bin/sh', '-c', 'cat /secret.txt >/first 2>&1; exec sleep 1000'],
      });
      const first = await lab.until('the first command ran', async () => {
        const { stdout } = await late.exec(['/bin/cat', '/first']);
        return stdout === '' ? undefined : stdout;
      });
      assert.match(first, /Permission denied/);
      await agent.alert('its alert', { PolicyName: 'guard-secret', ContainerName: 'late' });
      await late.remove();
    });
    await lab.case('a container of plain runc is found, and selected by its annotations', async () => {
      const plain = await runPlainContainer(lab, { name: 'plain', image: 'ubuntu', labels: { app: 'shop' } });
      await lab.until('it is known', async () =>
        (await agent.page('/workloads')).includes('"container":"plain"'),
      );
      await agent.ready();
      assert.notEqual((await plain.exec(['/bin/cat', '/secret.txt'])).code, 0);
      await agent.alert('its alert', { PolicyName: 'guard-secret', ContainerName: 'plain' });
      await plain.remove();
    });
    await lab.case('a container whose labels no policy names is left alone', async () => {
      const other = await runContainer(lab, { name: 'other', image: 'ubuntu', labels: { app: 'till' } });
      assert.equal((await other.exec(['/bin/cat', '/secret.txt'])).code, 0);
      await other.remove();
    });
    await lab.case(
      'a broken edit is reported with its place and leaves the earlier version in force',
      async () => {
        writeFileSync(
          join(agent.policyDir, 'a.yaml'),
          policy('guard-secret', '{app: shop}', files('/secret.txt')).replace(
            'action: Block',
            'action: Blok',
          ),
        );
        await lab.until('the complaint', async () =>
          /a\.yaml:\d+:\d+/.test(JSON.stringify(JSON.parse(await agent.page('/policies')).problems)),
        );
        assert.notEqual((await running.exec(['/bin/cat', '/secret.txt'])).code, 0);
        await agent.write('a.yaml', policy('guard-secret', '{app: shop}', files('/secret.txt')));
      },
    );
    await lab.case('a host policy holds for programs of the host', async () => {
      await agent.write(
        'host.yaml',
        'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorHostPolicy\nmetadata:\n  name: host-guard\nspec:\n' +
          '  nodeSelector:\n    matchLabels:\n      kubearmor.io/hostname: "*"\n  file:\n    matchPaths:\n    - path: /etc/gshadow\n  action: Block\n',
      );
      assert.notEqual((await lab.run(['/bin/cat', '/etc/gshadow'])).code, 0);
      const alert = await agent.alert('its alert', { PolicyName: 'host-guard' });
      assert.deepEqual(
        [alert['Type'], alert['UserName'], alert['ContainerName']],
        ['MatchedHostPolicy', 'root', undefined],
      );
      await agent.remove('host.yaml');
      assert.equal((await lab.run(['/bin/cat', '/etc/gshadow'])).code, 0);
    });
    await lab.case('with the enforcer killed rules stay in force, and alerts flow again', async () => {
      const before = agent.alerts().length;
      await lab.run(['/bin/sh', '-c', 'kill -9 $(pidof ka-enforcer)']);
      assert.notEqual((await running.exec(['/bin/cat', '/secret.txt'])).code, 0);
      await agent.ready();
      assert.notEqual((await running.exec(['/bin/cat', '/secret.txt'])).code, 0);
      await lab.until('both alerts', () => agent.alerts().length >= before + 2);
      assert.equal(await agent.metric('ka_agent_events_unattributed_total'), 0);
    });
    await lab.case(
      'with the agent killed rules stay in force, and what was denied meanwhile is told',
      async () => {
        const before = agent.alerts().length;
        await agent.kill();
        for (let i = 0; i < 5; i += 1)
          assert.notEqual((await running.exec(['/bin/cat', '/secret.txt'])).code, 0);
        await agent.start();
        lab.defer(() => lab.log(JSON.stringify(agent.alerts().slice(before))));
        await lab.until('five alerts, or their number', () => {
          const told = agent.alerts().slice(before);
          const alerts = told.filter((alert) => alert['PolicyName'] === 'guard-secret').length;
          const lost = told.reduce(
            (sum, alert) =>
              sum + Number((alert['EventData'] as Record<string, string> | undefined)?.['Lost'] ?? 0),
            0,
          );
          return alerts + lost >= 5 ? true : undefined;
        });
        assert.equal(await agent.metric('ka_agent_events_unattributed_total'), 0);
      },
    );
    await lab.case('removing the file takes the policy out of force', async () => {
      await agent.remove('a.yaml');
      assert.equal((await running.exec(['/bin/cat', '/secret.txt'])).code, 0);
    });
    await lab.case('the agent fits its memory budget', async () => {
      const rollup = await readFile(`/proc/${agent.pid}/smaps_rollup`, 'utf8');
      const rssKiB = Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1]);
      lab.log(`agent RSS ${Math.round(rssKiB / 1024)} MiB`);
      assert.ok(rssKiB < 110 * 1024, `${rssKiB} KiB`);
    });
  },
);
