import { Alert, eventKindNames } from '@kubearmor-ts/proto';
import type { Cursor } from '@kubearmor-ts/proto';

/** What agents say of records that the kernel lost, said of events that an agent had to forget: one for each kind. */
export function missedNotices(node: string, missed: Readonly<Cursor>, wallNs: bigint): readonly Alert[] {
  const micros = wallNs / 1000n;
  const date = new Date(Number(micros / 1000n)).toISOString().slice(0, 19);
  return eventKindNames
    .filter((kind) => missed[kind] > 0)
    .map((kind) => {
      const lost = String(missed[kind]);
      return Alert.create({
        Timestamp: Number(wallNs / 1_000_000_000n),
        UpdatedTime: `${date}.${String(micros % 1_000_000n).padStart(6, '0')}Z`,
        HostName: node,
        Type: 'SystemEvent',
        Operation: 'EventsLost',
        Message: `${lost} ${kind} were lost between the agent of ${node} and the relay`,
        EventData: { Lost: lost, Kind: kind },
      });
    });
}
