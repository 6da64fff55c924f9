export type { Delivery, OtlpTransport } from './delivery.ts';
export { decodeResponse, encodeBatch } from './encode-batch.ts';
export { createGrpcTransport } from './grpc-transport.ts';
export type { GrpcTransportOptions } from './grpc-transport.ts';
export { createHttpTransport } from './http-transport.ts';
export type { HttpTransportOptions } from './http-transport.ts';
export { createOtlpExporter } from './otlp-exporter.ts';
export type { OtlpCounts, OtlpExporter, OtlpExporterOptions } from './otlp-exporter.ts';
