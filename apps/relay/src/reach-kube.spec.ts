import { createRealClock } from '@kubearmor-ts/life';
import { reachKube } from './reach-kube.ts';

test('a kubeconfig that cannot be read is refused under the name of its setting', async () => {
  expect(await reachKube({ kubeconfig: '/nonexistent/config' }, createRealClock())).toMatchObject({
    ok: false,
    error: [
      {
        code: 'KA_KUBE_CONFIG',
        object: 'kubeconfig',
        message: expect.stringMatching(/^--kubeconfig: the Kubernetes configuration cannot be read/),
      },
    ],
  });
});
