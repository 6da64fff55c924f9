/** Many OTLP/gRPC clients in a process of their own, each with one request on its way; told when a fifth is done, and all. */
import { Client, credentials } from '@grpc/grpc-js';
import { LogsEncoder } from '@kubearmor-ts/export-otlp';
import { alertOf } from './alerts.ts';

export interface OtlpLoadOrder {
  readonly address: string;
  /** Records in all, in requests of so many, from so many clients. */
  readonly total: number;
  readonly records: number;
  readonly clients: number;
}

export interface OtlpLoadTold {
  readonly accepted: number;
}

const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const same = (bytes: Buffer): Buffer => bytes;

async function main({ address, total, records, clients }: OtlpLoadOrder): Promise<void> {
  const encoder = new LogsEncoder();
  const requests = Array.from({ length: 16 }, (_, agent) => {
    const alerts = Array.from({ length: records }, (_, serial) => alertOf(agent, serial));
    return encoder.encode(alerts, BigInt(Date.now()) * 1_000_000n);
  });
  let sent = 0;
  let accepted = 0;
  let isBegun = false;
  const run = async (index: number): Promise<void> => {
    const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    while (sent < total) {
      sent += records;
      const body = requests[(index + sent / records) % requests.length]!;
      await new Promise<void>((resolve, reject) => {
        client.makeUnaryRequest(path, same, same, body, (failure) =>
          failure === null ? resolve() : reject(failure),
        );
      });
      accepted += records;
      if (isBegun || accepted < total / 5) continue;
      isBegun = true;
      process.send?.({ accepted } satisfies OtlpLoadTold);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => run(index)));
  process.send?.({ accepted } satisfies OtlpLoadTold);
}

process.once('disconnect', () => process.exit(0));
await main(JSON.parse(process.argv[2] ?? '{}') as OtlpLoadOrder);
