/**
 * A subscriber in a process of its own, forked by the stream section with the address as argument: counts what comes
 * and tells its parent ten times a second.
 */
import { Alert } from '@kubearmor-ts/proto';
import { createLogClient } from '@kubearmor-ts/stream';

export interface Counted {
  /** Alerts about accesses. */
  readonly alerts: number;
  /** Messages that tell of a loss, and how many records they name. */
  readonly lossMessages: number;
  readonly lost: number;
  /** Of the last alert, by the clock all processes share. */
  readonly lastNs: string;
  readonly cpuUs: number;
}

const LOSS = Buffer.from('EventsLost');

async function count(address: string): Promise<void> {
  let alerts = 0;
  let lossMessages = 0;
  let lost = 0;
  let lastNs = 0n;
  const tell = (): void => {
    const { user, system } = process.cpuUsage();
    const counted: Counted = { alerts, lossMessages, lost, lastNs: String(lastNs), cpuUs: user + system };
    process.send?.(counted);
  };
  const telling = setInterval(tell, 100);
  const ended = new AbortController();
  process.once('disconnect', () => {
    clearInterval(telling);
    ended.abort();
  });
  const client = createLogClient({ address });
  for await (const bytes of client.watchRaw('alerts', 'policy', ended.signal)) {
    if (bytes.includes(LOSS)) {
      lossMessages += 1;
      lost += Number(Alert.decode(bytes).EventData['Lost']);
    } else {
      alerts += 1;
      lastNs = process.hrtime.bigint();
    }
  }
  client.close();
}

await count(process.argv[2] ?? '');
