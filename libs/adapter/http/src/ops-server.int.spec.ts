import { createOpsServer } from './index.ts';
import type { ReadyCheck } from './index.ts';

let checks: readonly ReadyCheck[] = [];
const server = createOpsServer({
  host: '127.0.0.1',
  port: 0,
  readyChecks: () => checks,
  metrics: () => 'up 1\n',
});
beforeAll(() => server.start(new AbortController().signal));
afterAll(() => server.stop());

const get = (path: string, method = 'GET') =>
  fetch(`http://127.0.0.1:${String(server.port)}${path}`, { method });

test('health answers, metrics are text', async () => {
  expect((await get('/healthz')).status).toBe(200);
  const metrics = await get('/metrics?x=1');
  expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
  expect(await metrics.text()).toBe('up 1\n');
});

test('readiness says which check does not hold', async () => {
  checks = [{ name: 'agents', isReady: false, reason: 'none connected' }];
  const response = await get('/readyz');
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ isReady: false, checks });
  checks = [{ name: 'agents', isReady: true }];
  expect((await get('/readyz')).status).toBe(200);
});

test('anything else is refused', async () => {
  expect((await get('/nope')).status).toBe(404);
  expect((await get('/metrics', 'POST')).status).toBe(405);
});

test('an address in use is an error, not a crash', async () => {
  const second = createOpsServer({
    host: '127.0.0.1',
    port: server.port,
    readyChecks: () => [],
    metrics: () => '',
  });
  await expect(second.start(new AbortController().signal)).rejects.toThrow('EADDRINUSE');
});
