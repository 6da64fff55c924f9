import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';

export interface ExportOutcome {
  readonly rejected: number;
  readonly message: string;
}

/** A response that cannot be read after a success status is a success: the receiver has the records. */
export function decodeResponse(bytes: Uint8Array): ExportOutcome {
  try {
    const partial = ProtobufLogsSerializer.deserializeResponse(bytes).partialSuccess;
    return { rejected: Number(partial?.rejectedLogRecords ?? 0), message: partial?.errorMessage ?? '' };
  } catch {
    return { rejected: 0, message: 'the response could not be read' };
  }
}
