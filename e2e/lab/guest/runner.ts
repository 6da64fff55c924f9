import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import type { GuestEvent, HostRequest } from '../protocol.ts';
import { LineSplitter } from '../protocol.ts';
import { registeredScenarios } from '../scenario.ts';
import { runProgram, startProgram } from './process.ts';
import { runScenario } from './run-scenario.ts';

/**
 * A virtio port can be open only once (drivers/char/virtio_console.c, port_fops_open), so it is handed over as
 * standard input, open for reading and writing; programs that the runner starts get another standard input.
 */
const PORT = 0;

/**
 * The guest's end of the control port: takes requests one by one, answers each. The bundle that starts it has
 * already imported the scenario modules, so their names are registered.
 */
export async function serveControlPort(): Promise<number> {
  const kernel = requireEnv('KA_LAB_KERNEL');
  const ptyProgram = `${requireEnv('KA_LAB_RUN')}/pty-run`;
  const emit = (event: GuestEvent): void => void writeSync(PORT, JSON.stringify(event) + '\n');

  // Node cannot poll a virtio port; `cat` turns it into a pipe.
  const reader = spawn('/bin/busybox', ['cat'], { stdio: [PORT, 'pipe', 'inherit'] });
  const splitter = new LineSplitter();
  emit({ event: 'ready' });
  assert.ok(reader.stdout);
  reader.stdout.setEncoding('utf8');
  for await (const chunk of reader.stdout as AsyncIterable<string>) {
    for (const line of splitter.push(chunk)) {
      const request = JSON.parse(line) as HostRequest;
      if (request.request === 'stop') {
        reader.kill('SIGKILL');
        return 0;
      }
      try {
        emit({ event: 'reply', id: request.id, value: await serve(request, { kernel, ptyProgram, emit }) });
      } catch (error) {
        emit({
          event: 'reply',
          id: request.id,
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
  }
  return 1;
}

async function serve(
  request: Exclude<HostRequest, { request: 'stop' }>,
  settings: Parameters<typeof runScenario>[1],
): Promise<unknown> {
  if (request.request === 'run') {
    const scenario = registeredScenarios().find((one) => one.name === request.scenario);
    if (scenario === undefined) throw new Error(`no scenario is called "${request.scenario}"`);
    return runScenario(scenario, settings);
  }
  if (request.background) {
    return startProgram(request.argv, settings.ptyProgram).pid;
  }
  return runProgram(request.argv, settings.ptyProgram, { timeoutMs: request.timeoutMs });
}

function requireEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: the runner only works inside the lab`);
  return value;
}
