import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AlertLines } from './write-alert-lines.ts';

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
