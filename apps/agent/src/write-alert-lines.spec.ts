import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Alert } from '@kubearmor-ts/proto';
import { AlertLines } from './write-alert-lines.ts';

const anAlert = Alert.create({ PolicyName: 'block-one' });

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ka-lines-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  ['{"whole":1}\n', '{"whole":1}\n'],
  ['{"whole":1}\n{"to', '{"whole":1}\n{"to\n'],
  ['', ''],
])('after %j new events start on a line of their own', async (before, after) => {
  const path = join(dir, 'events.jsonl');
  writeFileSync(path, before);
  const lines = new AlertLines(path, (error) => {
    throw new Error(error.message);
  });
  await lines.start();
  await lines.stop();
  expect(readFileSync(path, 'utf8')).toBe(after);
});

test('what is said to be written is in the file', async () => {
  const path = join(dir, 'events.jsonl');
  const lines = new AlertLines(path, (error) => {
    throw new Error(error.message);
  });
  await lines.start();
  for (let i = 0; i < 1000; i += 1) lines.write({ ...anAlert, PID: i });
  const count = (): number => readFileSync(path, 'utf8').split('\n').length - 1;
  expect(await new Promise((resolve) => lines.afterWritten(() => resolve(count())))).toBe(1000);
  await lines.stop();
});

test('what is not said to be written yet is never more than one write', async () => {
  const path = join(dir, 'events.jsonl');
  const lines = new AlertLines(path, (error) => {
    throw new Error(error.message);
  });
  await lines.start();
  const count = (): number => readFileSync(path, 'utf8').split('\n').length - 1;
  const ahead: number[] = [];
  for (let i = 1; i <= 2000; i += 1) {
    lines.write({ ...anAlert, PID: i });
    lines.afterWritten(() => ahead.push(count() - i));
  }
  await new Promise<void>((resolve) => lines.afterWritten(resolve));
  expect(ahead).toHaveLength(2000);
  expect(Math.min(...ahead)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...ahead)).toBeLessThan(256);
  await lines.stop();
});

test('a file that cannot be written delays nobody: its lines are counted as lost', async () => {
  const { promise: complaint, resolve: complain } = Promise.withResolvers<string>();
  const lines = new AlertLines('/dev/full', (error) => complain(error.code));
  await lines.start();
  lines.write(anAlert);
  await new Promise<void>((resolve) => lines.afterWritten(resolve));
  expect([await complaint, lines.written, lines.dropped]).toEqual(['KA_AGENT_LOG_FILE', 0, 1]);
});

test('what was written just before the stop is in the file', async () => {
  const path = join(dir, 'events.jsonl');
  const lines = new AlertLines(path, (error) => {
    throw new Error(error.message);
  });
  await lines.start();
  lines.write(anAlert);
  await lines.stop();
  expect(readFileSync(path, 'utf8')).toMatch(/"block-one".*\n$/);
});
