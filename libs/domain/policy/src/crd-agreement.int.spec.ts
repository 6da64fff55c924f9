import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { policyKinds, schemaViolations } from '@kubearmor-ts/crd';
import type { KindName, PolicyKindName } from '@kubearmor-ts/crd';
import { findKubernetes, startRealApiServer } from '@kubearmor-ts/real-apiserver';
import type { Answer, RealApiServer } from '@kubearmor-ts/real-apiserver';
import { parse } from 'yaml';
import { readPolicy } from './index.ts';
import { pruneSpec } from './prune.ts';

const kubernetes = await findKubernetes();
const because = 'missing' in kubernetes ? ` (skipped: ${kubernetes.missing})` : '';
const onServer = 'missing' in kubernetes ? test.skip : test;

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
}

const plurals: Readonly<Record<KindName, string>> = {
  KubeArmorConfig: 'kubearmorconfigs',
  ...(Object.fromEntries(policyKinds.map(({ kind, plural }) => [kind, plural])) as Record<
    PolicyKindName,
    string
  >),
};
const crdOf = (kind: KindName) =>
  parse(
    readFileSync(join(import.meta.dirname, `../../../contract/crd/schemas/${plurals[kind]}.yaml`), 'utf8'),
  );
const kinds = Object.keys(plurals) as readonly KindName[];

let server: RealApiServer;
beforeAll(async () => {
  if ('missing' in kubernetes) return;
  server = await startRealApiServer({ directory: kubernetes.directory });
  for (const kind of kinds) await install(kind);
}, 300_000);
afterAll(() => server?.stop());

async function install(kind: KindName): Promise<void> {
  const crd = crdOf(kind);
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`;
  const applied = await server.ask({
    method: 'PATCH',
    path: `${path}?fieldManager=test&fieldValidation=Strict`,
    contentType: 'application/apply-patch+yaml',
    body: crd,
  });
  expect(applied).toMatchObject({ status: 201, warnings: [] });
  const isServed = async (): Promise<boolean> =>
    (await server.ask({ path: collection(kind) })).status === 200 &&
    isEstablished((await server.ask({ path })).body);
  while (!(await isServed())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const isEstablished = (crd: unknown): boolean =>
  (crd as { status?: { conditions?: { type: string; status: string }[] } }).status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  ) === true;

function collection(kind: KindName): string {
  const isNamespaced = crdOf(kind).spec.scope === 'Namespaced';
  return `/apis/${groupOf(kind)}/v1/${isNamespaced ? 'namespaces/default/' : ''}${plurals[kind]}`;
}

const groupOf = (kind: KindName): string =>
  kind === 'KubeArmorConfig' ? 'operator.kubearmor.com' : 'security.kubearmor.com';

const objectOf = (kind: KindName, spec: unknown) => ({
  apiVersion: `${groupOf(kind)}/v1`,
  kind,
  metadata: { name: 'asked' },
  spec,
});

/** What the API server would do, without doing it. */
const ask = (kind: KindName, spec: unknown): Promise<Answer> =>
  server.ask({ path: `${collection(kind)}?dryRun=All`, body: objectOf(kind, spec) });

interface Verdict {
  readonly isAccepted: boolean;
  /** Keys that are dropped with a warning. */
  readonly unknown: readonly string[];
  readonly why: unknown;
}

async function theirs(kind: KindName, spec: unknown): Promise<Verdict> {
  const { status, body, warnings } = await ask(kind, spec);
  if (![201, 400, 422].includes(status)) throw new Error(`${String(status)} ${JSON.stringify(body)}`);
  const unknown = warnings.flatMap((text) => /^unknown field "(.*)"$/.exec(text)?.[1] ?? []);
  return { isAccepted: status === 201, unknown: unknown.sort(), why: (body as { message?: string }).message };
}

function ours(kind: KindName, spec: unknown): Verdict {
  if (kind === 'KubeArmorConfig') {
    const dropped: string[] = [];
    const pruned = pruneSpec(kind, spec, ({ path }) => dropped.push(dotted(path)));
    const violations = schemaViolations(kind, 'crd', pruned);
    return { isAccepted: violations.length === 0, unknown: dropped.sort(), why: violations };
  }
  const { result, warnings } = readPolicy(objectOf(kind, spec), { strictness: 'crd' });
  const errors = result.ok ? [] : result.error.findings;
  const ofSchema = errors.filter(({ path, message }) => !isBeyondSchemas(spec, path, message));
  return {
    isAccepted: ofSchema.length === 0,
    unknown: warnings
      .filter(({ code }) => code === 'KA_POLICY_UNKNOWN_KEY')
      .map(({ path }) => path)
      .sort(),
    why: errors.map(({ path, message }) => `${path}: ${message}`),
  };
}

/** What an address or the name of a service means: the webhook refuses it, the API server by itself does not. */
function isBeyondSchemas(spec: unknown, path: string, message: string): boolean {
  if (message.endsWith('is no address range')) return true;
  if (!/neither a port nor a known service$|^the range ends at/.test(message)) return false;
  const [, ...parts] = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  let entry = spec as Record<string, unknown>;
  for (const part of parts.slice(0, -1)) entry = entry[part] as Record<string, unknown>;
  return !/^\d+$/.test(String(entry['port']));
}

const dotted = (path: readonly (string | number)[]): string =>
  path
    .map((part, at) => (typeof part === 'number' ? `[${String(part)}]` : at === 0 ? part : `.${part}`))
    .join('');

async function expectAgreement(kind: KindName, spec: unknown): Promise<Verdict> {
  const [their, our] = [await theirs(kind, spec), ours(kind, spec)];
  if (their.isAccepted !== our.isAccepted)
    throw new Error(
      `the API server ${their.isAccepted ? 'accepts' : 'refuses'}, we do not: ${JSON.stringify({ kind, spec, theirs: their.why, ours: our.why })}`,
    );
  // A refusal ends their look for unknown keys early.
  if (their.isAccepted) expect({ spec, unknown: our.unknown }).toEqual({ spec, unknown: their.unknown });
  return their;
}

/** Texts at and around the edges of every pattern in the schemas. */
const texts = [
  ...[
    '',
    '/',
    '//',
    '/bin/sh',
    '/etc/',
    'etc/',
    'sh',
    'a/b',
    '/a\nb',
    `/${'é'.repeat(199)}`,
    `/${'a'.repeat(200)}`,
  ],
  ...[
    'tcp',
    'TCP',
    'Tcp',
    'tcp,udp',
    'xtcp',
    'icmp',
    'all',
    'net_raw',
    'cap_net_raw',
    'NET_RAW',
    'bpf',
    'open',
  ],
  ...[
    '10.0.0.0/8',
    'fd00::/8',
    '300.0.0.1',
    '10.0.0.0/999',
    '80',
    '65535',
    '65536',
    '100000',
    'ssh',
    '10KB',
    '10 KB',
    '1h',
  ],
  ...[
    'Block',
    'block',
    'Always',
    'audit',
    'label',
    'namespace',
    'In',
    'NotIn',
    'Pod',
    'pod',
    'ingress',
    'true',
    '5',
  ],
];
const numbers = [-1, 0, 1, 5, 10, 11, 80, 443, 65_535, 65_536, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1.5];
const anyLeaf = fc.oneof(
  fc.constantFrom(...texts),
  fc.constantFrom(...numbers),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.constant([null]),
);

/** Mostly as the schema has it, with a slip here and there. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: fittingOf(schema) }, { weight: 1, arbitrary: anyLeaf });
}

function fittingOf(schema: Schema): fc.Arbitrary<unknown> {
  const { properties, additionalProperties, items, required = [], enum: words } = schema;
  if (properties !== undefined) {
    const names = Object.keys(properties);
    return fc
      .tuple(
        fc.subarray(names, { maxLength: Math.min(3, names.length) }),
        fc.constantFrom(...Array<readonly string[]>(9).fill(required), []),
        fc.constantFrom(...Array<readonly string[]>(15).fill([]), ['unknownKey']),
      )
      .chain(([some, needed, strange]) =>
        fc.record(
          Object.fromEntries(
            [...new Set([...some, ...needed, ...strange])].map((name) => {
              const known = properties[name];
              return [name, known === undefined ? anyLeaf : valueOf(known)];
            }),
          ),
        ),
      );
  }
  if (additionalProperties !== undefined)
    return fc.dictionary(
      fc.constantFrom('app', 'kubearmor.io/container.name', ''),
      valueOf(additionalProperties),
      {
        maxKeys: 2,
      },
    );
  if (items !== undefined) return fc.array(valueOf(items), { maxLength: 2 });
  if (words !== undefined)
    return fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.constantFrom(...texts) },
    );
  if (schema.type === 'integer') return fc.constantFrom(...numbers);
  if (schema.type === 'boolean') return fc.boolean();
  const fitting =
    schema.pattern === undefined
      ? texts
      : texts.filter((text) => new RegExp(schema.pattern!, 'u').test(text));
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...fitting) },
    { weight: 1, arbitrary: fc.constantFrom(...texts) },
  );
}

/** Of all kinds: a generator of nothing but nonsense would agree as well. */
const tally = { accepted: 0, refused: 0 };
for (const kind of kinds)
  onServer(
    `on any ${kind} we and the API server say the same, and drop the same keys${because}`,
    async () => {
      const schema: Schema = crdOf(kind).spec.versions[0].schema.openAPIV3Schema.properties.spec;
      const property = fc.asyncProperty(fittingOf(schema), async (spec) => {
        const { isAccepted } = await expectAgreement(kind, spec);
        tally[isAccepted ? 'accepted' : 'refused'] += 1;
      });
      await fc.assert(property, { numRuns: 200, endOnFailure: process.env['CI'] !== undefined });
    },
    300_000,
  );

onServer(`of those documents some fit and some do not${because}`, () => {
  expect(Math.min(tally.accepted, tally.refused)).toBeGreaterThan(100);
});

const entry = (section: string, list: string, value: object) => ({ [section]: { [list]: [value] } });
const ports = (port: string, endPort?: number) =>
  entry('network', 'matchEndpoints', { ports: [{ port, ...(endPort === undefined ? {} : { endPort }) }] });
const quota = { limit: '10MB', duration: '1h' };

onServer.each<readonly [string, PolicyKindName, object, boolean]>([
  ['a policy of nothing', 'KubeArmorPolicy', {}, true],
  ['a path without slash', 'KubeArmorPolicy', entry('process', 'matchPaths', { path: 'bin/ls' }), false],
  [
    'a path of 200 characters',
    'KubeArmorPolicy',
    entry('file', 'matchPaths', { path: `/${'é'.repeat(199)}` }),
    true,
  ],
  ['a path of 201', 'KubeArmorPolicy', entry('file', 'matchPaths', { path: `/${'é'.repeat(200)}` }), false],
  ['an unknown protocol', 'KubeArmorPolicy', entry('network', 'matchProtocols', { protocol: 'quic' }), false],
  [
    'a list of protocols',
    'KubeArmorPolicy',
    entry('network', 'matchProtocols', { protocol: 'tcp,udp' }),
    true,
  ],
  ['a null for a list', 'KubeArmorPolicy', { process: { matchPaths: null } }, true],
  ['a null in a list', 'KubeArmorPolicy', { tags: [null] }, false],
  ['a null for a label', 'KubeArmorPolicy', { selector: { matchLabels: { app: null } } }, true],
  ['ports in order', 'KubeArmorPolicy', ports('80', 90), true],
  ['ports out of order', 'KubeArmorPolicy', ports('90', 80), false],
  ['a port beyond the last', 'KubeArmorPolicy', ports('65536'), false],
  ['a port of seven digits', 'KubeArmorPolicy', ports('1000000', 80), false],
  ['a host policy for no nodes', 'KubeArmorHostPolicy', {}, false],
  ['a host policy for all nodes', 'KubeArmorHostPolicy', { nodeSelector: {} }, true],
  [
    'a namespace expression',
    'KubeArmorClusterPolicy',
    { selector: { matchExpressions: [{ key: 'namespace', operator: 'In', values: ['a'] }] } },
    true,
  ],
  [
    'a namespace expression in a namespace',
    'KubeArmorPolicy',
    { selector: { matchExpressions: [{ key: 'namespace' }] } },
    false,
  ],
  [
    'pods and nodes at once',
    'KubeArmorNetworkPolicy',
    { selector: { matchLabels: {} }, nodeSelector: {} },
    false,
  ],
  ['quotas for pods', 'KubeArmorNetworkPolicy', { selector: { matchLabels: {} }, egress: [quota] }, true],
  [
    'rules for pods',
    'KubeArmorNetworkPolicy',
    { selector: { matchLabels: {} }, ingress: [{ ...quota, limit: undefined }] },
    false,
  ],
  [
    'rules for nodes',
    'KubeArmorNetworkPolicy',
    { nodeSelector: { matchLabels: {} }, ingress: [{ ports: [{ port: 'ssh' }] }] },
    true,
  ],
])(`of %s we and the API server say the same${because}`, async (_title, kind, spec, isAccepted) => {
  expect(await expectAgreement(kind, spec)).toMatchObject({ isAccepted });
});

onServer(
  `conditions are merged by type, and kubectl's table shows them beside KubeArmor's columns${because}`,
  async () => {
    const name = 'with-status';
    const object = { ...objectOf('KubeArmorPolicy', { action: 'Audit' }), metadata: { name } };
    expect(await server.ask({ path: collection('KubeArmorPolicy'), body: object })).toMatchObject({
      status: 201,
    });
    const condition = (type: string, more: object = {}) => ({
      type,
      status: 'True',
      reason: 'Said',
      message: '',
      lastTransitionTime: '2026-11-20T10:00:00Z',
      ...more,
    });
    const apply = (manager: string, status: object): Promise<Answer> =>
      server.ask({
        method: 'PATCH',
        path: `${collection('KubeArmorPolicy')}/${name}/status?fieldManager=${manager}`,
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion: object.apiVersion, kind: object.kind, metadata: { name }, status },
      });
    await apply('webhook', { status: 'accepted', conditions: [condition('Accepted')] });
    const both = await apply('agents', {
      conditions: [condition('Applied')],
      workloads: { selected: 3, applied: 2 },
    });
    expect(both).toMatchObject({
      status: 200,
      body: { status: { status: 'accepted', conditions: [{ type: 'Accepted' }, { type: 'Applied' }] } },
    });
    const refused = await apply('agents', { conditions: [condition('Applied', { status: 'Maybe' })] });
    expect(refused).toMatchObject({ status: 422 });
    const table = await server.ask({
      path: `${collection('KubeArmorPolicy')}/${name}`,
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    });
    const { columnDefinitions, rows } = table.body as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    };
    const shown = Object.fromEntries(
      columnDefinitions.map(({ name: title }, at) => [title, rows[0]?.cells[at]]),
    );
    expect(shown).toMatchObject({ Name: name, Action: 'Audit', Accepted: 'True', Selected: 3, Applied: 2 });
  },
  60_000,
);

onServer(
  `a KubeArmorConfig keeps an unset choice apart from a false one${because}`,
  async () => {
    const made = await ask('KubeArmorConfig', { tls: {}, kubearmorImage: {}, alertThrottling: false });
    expect(made).toMatchObject({
      status: 201,
      body: { spec: { tls: {}, alertThrottling: false, kubearmorImage: { imagePullPolicy: 'Always' } } },
    });
    expect((made.body as { spec: object }).spec).not.toHaveProperty('matchArgs');
  },
  60_000,
);
