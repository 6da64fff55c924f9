export { fileOptions, readFileConfig, readStdoutConfig, stdoutOptions } from './file-config.ts';
export type { FileConfig, StdoutConfig } from './file-config.ts';
export { createFileSink } from './file-sink.ts';
export type { FileCounts, FileSink, FileSinkOptions } from './file-sink.ts';
export { createStdoutSink } from './stdout-sink.ts';
export type { StdoutSinkOptions } from './stdout-sink.ts';
