/** Clients of a relay's LogService in a process of their own, which only count: `ADDRESS HOW-MANY`. */
import { createLogClient } from '@kubearmor-ts/stream';

export interface SubscribersTold {
  readonly received: number;
  readonly cpuUs: number;
}

const [address = '', count = '1'] = process.argv.slice(2);
const ended = new AbortController();
let received = 0;

async function subscribe(): Promise<void> {
  const client = createLogClient({ address });
  for await (const bytes of client.watchRaw('alerts', 'policy', ended.signal))
    received += Math.sign(bytes.length);
  client.close();
}

process.once('disconnect', () => ended.abort());
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ received, cpuUs: user + system } satisfies SubscribersTold);
});
await Promise.all(Array.from({ length: Number(count) }, subscribe));
process.exit(0);
