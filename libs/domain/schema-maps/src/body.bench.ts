import { Alert } from '@kubearmor-ts/proto';
import { bodyFormats, toBody } from './index.ts';

/** Microseconds for one body, by format: `node --conditions=ka-source libs/domain/schema-maps/src/body.bench.ts`. */
const event = Alert.create({
  Timestamp: 1_785_400_000,
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ClusterName: 'lab-north',
  HostName: 'edge-4',
  NamespaceName: 'bakery',
  Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
  PodName: 'oven-7c9d-q2m5z',
  Labels: 'app=oven,tier=web',
  ContainerID: 'f00d77',
  ContainerName: 'oven',
  ContainerImage: 'registry.test:5000/bakery/oven:3@sha256:cc33',
  HostPID: 51_877,
  PID: 212,
  ParentProcessName: '/bin/sh',
  ProcessName: '/bin/cat',
  PolicyName: 'guard-token',
  Severity: '7',
  ATags: ['MITRE', 'CIS'],
  Type: 'MatchedPolicy',
  Source: '/bin/cat token.txt',
  Operation: 'File',
  Resource: '/run/secrets/token.txt',
  Data: 'lsm=FILE_OPEN',
  EventData: { Lsm: 'FILE_OPEN' },
  Enforcer: 'BPFLSM',
  Action: 'Block',
  Result: 'Permission denied',
});
const rounds = 40_000;
for (const format of bodyFormats) {
  const measure = (): { us: number; characters: number } => {
    let characters = 0;
    const startMs = performance.now();
    for (let round = 0; round < rounds; round++) characters += toBody(format, event, 'id').length;
    return { us: ((performance.now() - startMs) * 1000) / rounds, characters: characters / rounds };
  };
  // The first run is for the compiler.
  measure();
  const { us, characters } = measure();
  console.log(`${format}: ${us.toFixed(1)} µs, ${characters.toFixed(0)} characters`);
}
