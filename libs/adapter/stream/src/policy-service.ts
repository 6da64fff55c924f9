import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { PolicyServiceService, PolicyStatus, ProbeServiceService } from '@kubearmor-ts/proto';
import type { Empty, PolicyMessage, PolicyResponse, ProbeResponse } from '@kubearmor-ts/proto';
import type { GrpcService } from './grpc-server.ts';

type Answer = PolicyStatus | Promise<PolicyStatus>;

/** Each gets the UTF-8 JSON of one policy event as it came: checking it is the handler's work. */
export interface PolicyHandlers {
  containerPolicy(json: Uint8Array): Answer;
  hostPolicy(json: Uint8Array): Answer;
  networkPolicy(json: Uint8Array): Answer;
}

export interface PolicyServiceOptions {
  readonly handlers: PolicyHandlers;
  /** A handler threw: the peer is told Failure, the cause comes here. */
  readonly onFailure: (method: keyof PolicyHandlers, failure: unknown) => void;
}

/** policy.PolicyService. The gRPC status is always OK; the outcome is in the response. */
export function policyService(options: PolicyServiceOptions): GrpcService {
  const answer =
    (method: keyof PolicyHandlers) =>
    (call: ServerUnaryCall<PolicyMessage, PolicyResponse>, callback: sendUnaryData<PolicyResponse>): void => {
      void settled(options.handlers, method, call.request.policy).then(
        (status) => callback(null, { status }),
        (failure: unknown) => {
          options.onFailure(method, failure);
          callback(null, { status: PolicyStatus.Failure });
        },
      );
    };
  return {
    name: 'policy.PolicyService',
    definition: PolicyServiceService,
    implementation: {
      containerPolicy: answer('containerPolicy'),
      hostPolicy: answer('hostPolicy'),
      networkPolicy: answer('networkPolicy'),
    },
  };
}

/** A handler that throws and one that rejects are the same to the peer. */
async function settled(
  handlers: PolicyHandlers,
  method: keyof PolicyHandlers,
  json: Uint8Array,
): Promise<PolicyStatus> {
  return handlers[method](json);
}

/** policy.ProbeService. */
export function probeService(getProbeData: () => ProbeResponse): GrpcService {
  return {
    name: 'policy.ProbeService',
    definition: ProbeServiceService,
    implementation: {
      getProbeData: (_call: ServerUnaryCall<Empty, ProbeResponse>, callback: sendUnaryData<ProbeResponse>) =>
        callback(null, getProbeData()),
    },
  };
}
