import { Alert } from '@kubearmor-ts/proto';
import type { SinkRecord } from './sink.ts';

/** Tells a receiver, in the form of the agents' own throttle notice, that its rate held records back. */
export const suppressionNotice = (count: number, perSecond: number, wallNs: bigint): SinkRecord =>
  notice(wallNs, {
    Operation: 'AlertThreshold',
    Message: `${String(count)} records were held back by this receiver's rate`,
    MaxAlertsPerSec: Math.ceil(perSecond),
    Result: 'Passed',
  });

/** Tells a receiver, in the form of the agents' own notice of a loss, what it can never get. */
export const cutNotice = (count: number, wallNs: bigint): SinkRecord =>
  notice(wallNs, {
    Operation: 'EventsLost',
    Message: `${String(count)} records left the relay's journal before this receiver had them`,
    EventData: { Lost: String(count), Kind: 'records' },
  });

function notice(wallNs: bigint, fields: Partial<Alert>): SinkRecord {
  const micros = wallNs / 1000n;
  const date = new Date(Number(micros / 1000n)).toISOString().slice(0, 19);
  return {
    kind: 'alerts',
    event: Alert.create({
      Timestamp: Number(wallNs / 1_000_000_000n),
      UpdatedTime: `${date}.${String(micros % 1_000_000n).padStart(6, '0')}Z`,
      Type: 'SystemEvent',
      ...fields,
    }),
  };
}
