import { audited, blocked, inUbuntu, notAllowed, onHost, type SemanticsCase, type Step } from './case.ts';

const one = { container: 'ubuntu-1' };
const arping = { path: '/usr/sbin/arping' };
const capabilities = (action: string, ...entries: readonly object[]) => ({
  capabilities: { matchCapabilities: entries },
  action,
});
const uses = (capability: string) => ({
  Operation: 'Capabilities',
  Resource: capability,
  Data: `lsm=CAPABLE ${capability}`,
});
const denied = (run: readonly string[], policy: string, capability: string): Step => ({
  in: 'ubuntu-1',
  run,
  expect: 'denied',
  alert: blocked(policy, uses(capability)),
});
const works = (run: readonly string[], as: Step['as'] = 'root'): Step => ({
  in: 'ubuntu-1',
  run,
  as,
  expect: 'works',
  noAlert: { Operation: 'Capabilities' },
});

export const capabilityCases: readonly SemanticsCase[] = [
  {
    id: 'KSP-02',
    promise: 'a capability is refused, and the alert names it',
    policies: [
      inUbuntu('block-raw', one, { ...capabilities('Block', { capability: 'net_raw' }), severity: 1 }),
    ],
    steps: [
      {
        ...denied(['arping'], 'block-raw', 'CAP_NET_RAW'),
        alert: blocked('block-raw', {
          ...uses('CAP_NET_RAW'),
          Severity: '1',
          NamespaceName: 'multiubuntu',
          ContainerName: 'ubuntu-1',
          Source: '/usr/sbin/arping',
        }),
      },
      denied(['ping'], 'block-raw', 'CAP_NET_RAW'),
      { ...works(['arping']), in: 'ubuntu-2' },
    ],
  },
  {
    id: 'KSP-03',
    promise: 'a capability is refused to one program alone',
    policies: [
      inUbuntu('block-raw-from', one, capabilities('Block', { capability: 'net_raw', fromSource: [arping] })),
    ],
    steps: [denied(['arping'], 'block-raw-from', 'CAP_NET_RAW'), works(['ping'])],
  },
  {
    id: 'CAP-01',
    promise: 'what root does with files, nodes and roots is a capability each',
    policies: [
      inUbuntu(
        'block-several',
        one,
        capabilities(
          'Block',
          { capability: 'chown' },
          { capability: 'mknod' },
          { capability: 'sys_chroot' },
          { capability: 'dac_override' },
          { capability: 'setuid' },
        ),
      ),
    ],
    steps: [
      denied(['chown', '1000', '/dummy'], 'block-several', 'CAP_CHOWN'),
      denied(['mknod', '/tmp/null', 'c', '1', '3'], 'block-several', 'CAP_MKNOD'),
      denied(['chroot', '/', '/bin/true'], 'block-several', 'CAP_SYS_CHROOT'),
      denied(['sh', '-c', 'echo more >> /home/user1/otherfile.txt'], 'block-several', 'CAP_DAC_OVERRIDE'),
      works(['touch', '/dummy']),
    ],
  },
  {
    id: 'CAP-02',
    promise: 'an audited capability passes with an alert',
    policies: [inUbuntu('audit-chroot', one, capabilities('Audit', { capability: 'sys_chroot' }))],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['chroot', '/', '/bin/true'],
        expect: 'works',
        alert: audited('audit-chroot', uses('CAP_SYS_CHROOT')),
      },
    ],
  },
  {
    id: 'CAP-03',
    promise:
      'under an allow-list every other capability is refused, and the container goes on with its files',
    policies: [
      inUbuntu('allow-raw', one, capabilities('Allow', { capability: 'net_raw', fromSource: [arping] })),
    ],
    steps: [
      works(['arping']),
      {
        in: 'ubuntu-1',
        run: ['ping'],
        expect: 'denied',
        alert: { ...notAllowed('CAP_NET_RAW'), Operation: 'Capabilities' },
      },
      {
        in: 'ubuntu-1',
        run: ['chroot', '/', '/bin/true'],
        expect: 'denied',
        alert: notAllowed('CAP_SYS_CHROOT'),
      },
      works(['sh', '-c', 'echo more >> /plain.txt && rm /plain.txt && mkdir /new && cat /secret.txt']),
    ],
  },
  {
    id: 'CAP-04',
    promise: 'a user namespace of its own is no way around',
    policies: [inUbuntu('block-raw-user', one, capabilities('Block', { capability: 'net_raw' }))],
    steps: [
      {
        ...denied(
          ['unshare', '-Urn', '/usr/bin/reach', 'socket', 'inet', 'raw', '1'],
          'block-raw-user',
          'CAP_NET_RAW',
        ),
        as: 'user1',
      },
    ],
  },
  {
    id: 'CAP-05',
    promise: 'a host policy holds for the capabilities of host programs',
    policies: [
      onHost(
        'host-block-chroot',
        capabilities('Block', { capability: 'sys_chroot', fromSource: [{ path: '/usr/sbin/chroot' }] }),
      ),
    ],
    steps: [
      {
        in: 'host',
        run: ['/usr/sbin/chroot', '/', '/bin/true'],
        expect: 'denied',
        alert: blocked('host-block-chroot', { ...uses('CAP_SYS_CHROOT'), Type: 'MatchedHostPolicy' }),
      },
      { in: 'ubuntu-1', run: ['chroot', '/', '/bin/true'], expect: 'works' },
    ],
  },
];
