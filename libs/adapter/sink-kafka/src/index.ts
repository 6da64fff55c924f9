export { kafkaOptions, readKafkaConfig } from './kafka-config.ts';
export type { KafkaConfig } from './kafka-config.ts';
export { createKafkaSink } from './kafka-sink.ts';
export type { KafkaSinkOptions } from './kafka-sink.ts';
