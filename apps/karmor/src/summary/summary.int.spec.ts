import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const slowTest = (name: string, run: () => Promise<void>): void => test(name, run, slowMachineMs);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const behaviour = {
  class: 'process',
  source: '/bin/sh',
  target: '/bin/ls',
  detail: 'exec',
  outcome: 'allowed',
  count: 3,
  firstSeen: '2026-07-30T08:26:40.112Z',
  lastSeen: '2026-07-30T09:00:00.000Z',
};
const workload = {
  cluster: 'c',
  host: '',
  namespace: 'shop',
  ownerKind: 'Deployment',
  ownerName: 'web',
  container: 'web',
};
const pages = [
  {
    summaries: [
      {
        workload,
        behaviours: [behaviour, { ...behaviour, class: 'file', target: '/a\u001b[2J\n/b', detail: 'write' }],
      },
    ],
    next: 'more',
  },
  { summaries: [{ workload, behaviours: [{ ...behaviour, target: '/bin/cat', count: 12 }] }] },
];

/** The relay's API as far as the command asks it; the real one is asked in the tests of the relay. */
async function serve(answer?: { status: number; body: string }) {
  const asked: { url: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json', connection: 'close' });
    response.end(
      answer?.body ?? JSON.stringify(pages[request.url?.includes('cursor=more') === true ? 1 : 0]),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return { asked, api: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

function karmor(args: readonly string[], env: Record<string, string> = {}) {
  const main = join(import.meta.dirname, '../main.ts');
  const child = spawn(process.execPath, ['--conditions=ka-source', main, 'summary', ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  );
}

slowTest(
  'shows each workload with its behaviours by class, and names that could move the cursor as text',
  async () => {
    const { api, asked } = await serve();
    const { code, stdout } = await karmor(['-n', 'shop', '-w', 'Deployment/web', '--outcome', 'allowed'], {
      KUBEARMOR_API: api,
      KUBEARMOR_TOKEN: 'a-token-for-the-test',
    });
    expect(stdout).toBe(
      [
        '== shop/Deployment/web container web (cluster c) ==',
        '',
        'Processes',
        'SOURCE   TARGET    DETAIL  OUTCOME  COUNT  FIRST SEEN            LAST SEEN',
        '/bin/sh  /bin/cat  exec    allowed  12     2026-07-30T08:26:40Z  2026-07-30T09:00:00Z',
        '/bin/sh  /bin/ls   exec    allowed  3      2026-07-30T08:26:40Z  2026-07-30T09:00:00Z',
        '',
        'Files',
        'SOURCE   TARGET              DETAIL  OUTCOME  COUNT  FIRST SEEN            LAST SEEN',
        '/bin/sh  /a\\u{1b}[2J\\u{a}/b  write   allowed  3      2026-07-30T08:26:40Z  2026-07-30T09:00:00Z',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    expect(asked).toEqual([
      {
        url: '/v1/summaries?namespace=shop&ownerKind=Deployment&ownerName=web&outcome=allowed&limit=1000',
        authorization: 'Bearer a-token-for-the-test',
      },
      { url: expect.stringContaining('limit=998&cursor=more'), authorization: 'Bearer a-token-for-the-test' },
    ]);
  },
);

slowTest('prints JSON with every page, and says on stderr when there is more than asked for', async () => {
  const { api } = await serve();
  const all = await karmor(['--api', api, '--json', '--limit', '0']);
  expect(JSON.parse(all.stdout)).toEqual([
    { workload, behaviours: [...pages[0]!.summaries[0]!.behaviours, ...pages[1]!.summaries[0]!.behaviours] },
  ]);
  const some = await karmor(['--api', api, '--json', '--limit', '2']);
  expect(some.stderr).toBe('there is more: raise --limit 2\n');
  expect(some.code).toBe(0);
});

slowTest('says what the relay refuses, and what is not the relay', async () => {
  const refused = await serve({
    status: 401,
    body: '{"error":{"code":"KA_API_UNAUTHORIZED","message":"a token is needed"}}',
  });
  const other = await serve({ status: 200, body: '<html>' });
  const dir = mkdtempSync(join(tmpdir(), 'karmor-summary-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'token'), 'from-a-file\nrest\n');
  const first = await karmor(['--api', refused.api, '--token-file', join(dir, 'token')]);
  expect(first.stderr).toMatch(/^karmor: KARMOR_API 127.0.0.1:\d+: KA_API_UNAUTHORIZED a token is needed\n$/);
  expect(refused.asked[0]?.authorization).toBe('Bearer from-a-file');
  const second = await karmor(['--api', other.api]);
  expect(second.stderr).toContain('answered 200, which is not this API');
  const third = await karmor(['--api', 'http://127.0.0.1:1']);
  expect(third.stderr).toContain('127.0.0.1:1: connect ECONNREFUSED');
  expect([first.code, second.code, third.code]).toEqual([1, 1, 1]);
});

test.each([
  [['--api', 'ftp://x'], '--api ftp://x is not an http or https URL'],
  [['--type', 'files'], "'files' is invalid"],
  [['--limit', 'x'], '--limit x is not a count'],
  [['--api', 'http://x', '--secure'], '--secure needs an https URL'],
])(
  '%j is wrong usage',
  async (args, message) => {
    const { code, stderr } = await karmor(args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  },
  slowMachineMs,
);
