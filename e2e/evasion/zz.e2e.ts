import { scenario } from '../lab/scenario.ts';
import { EnforcerGuard } from './enforcer-guard.ts';
import { document } from './attack-policies.ts';
scenario('zz', { timeoutMs: 60_000, onlyByName: true }, async (lab) => {
  const guard = await EnforcerGuard.start(lab);
  await lab.case('x', async () => {
    await lab.run(['sh', '-c', 'mkdir -p /srv/x; echo hi > /srv/x/t']);
    for (const n of [1, 188]) {
      await guard.apply([document('h', 'host', { file: { matchPaths: Array.from({ length: n }, (_, i) => ({ path: i === 0 ? '/srv/x/t' : `/srv/x/t${i}` })) }, action: 'Block' })]);
      lab.log(JSON.stringify(await lab.run(['cat', '/srv/x/t'])));
      for (let i = 0; i < 6; i += 1) lab.log(JSON.stringify(await lab.run(['runc', '--version'])));
      lab.log(JSON.stringify(guard.alerts()));
      lab.log(JSON.stringify(await guard.counters()));
    }
  });
});
