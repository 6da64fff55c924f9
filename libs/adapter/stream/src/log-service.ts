import { status } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import type { NonceMessage, ReplyMessage, RequestMessage } from '@kubearmor-ts/proto';
import type { GrpcService } from './grpc-server.ts';
import type { FeedKind, ServedLogFeed } from './log-feed.ts';
import { rawLogServiceDefinition } from './raw-definition.ts';

type Watch = ServerWritableStream<RequestMessage, Buffer>;

/**
 * feeder.LogService over a feed.
 *
 *  1. A filter gates a stream as a whole: alerts take `all` and `policy`, logs `all` and `system`; any other value
 *     ends the stream at once with OK. Messages take anything.
 *  2. A stream that nothing is written to stays open: existing relays drop the whole connection when one ends.
 */
export function logService(feed: ServedLogFeed): GrpcService {
  const watch =
    (kind: FeedKind, filters?: readonly string[]) =>
    (call: Watch): void => {
      if (filters !== undefined && !filters.includes(call.request.Filter)) {
        call.end();
        return;
      }
      if (feed.broadcasts[kind].subscribe(call)) return;
      call.emit('error', {
        code: status.RESOURCE_EXHAUSTED,
        details: `KA_STREAM_TOO_MANY: no more subscribers of ${kind} are served`,
      });
    };
  return {
    name: 'feeder.LogService',
    definition: rawLogServiceDefinition,
    implementation: {
      healthCheck: (
        call: ServerUnaryCall<NonceMessage, ReplyMessage>,
        callback: sendUnaryData<ReplyMessage>,
      ) => callback(null, { Retval: call.request.nonce }),
      watchMessages: watch('messages'),
      watchAlerts: watch('alerts', ['all', 'policy']),
      watchLogs: watch('logs', ['all', 'system']),
    },
    close: () => {
      for (const broadcast of Object.values(feed.broadcasts)) broadcast.close();
    },
  };
}
