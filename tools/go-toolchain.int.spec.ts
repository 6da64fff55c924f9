import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findGo } from './go-toolchain.ts';

describe('a machine without Go', () => {
  const { PATH, GOPROXY } = process.env;
  let cache = '';
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'ka-go-'));
    process.env['PATH'] = '/nowhere';
  });
  afterEach(async () => {
    process.env['PATH'] = PATH;
    if (GOPROXY === undefined) delete process.env['GOPROXY'];
    else process.env['GOPROXY'] = GOPROXY;
    await rm(cache, { recursive: true });
  });

  it('takes no archive that is not the known one, and leaves nothing of it', async () => {
    const server = createServer((_, answer) => answer.end('not the archive')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.env['GOPROXY'] = `http://127.0.0.1:${String((server.address() as AddressInfo).port)},direct`;
    const found = await findGo(cache);
    server.close();
    expect(found).toEqual({ missing: expect.stringMatching(/no go command.*its SHA-256 is [0-9a-f]{64}/) });
    expect(await readdir(cache)).toEqual([]);
  });

  it('says so when the proxy is away', async () => {
    process.env['GOPROXY'] = 'http://127.0.0.1:9';
    expect(await findGo(cache)).toEqual({
      missing: expect.stringMatching(/no go command.*cannot be fetched/),
    });
  });
});
