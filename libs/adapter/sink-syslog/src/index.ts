export { showSyslogAddress } from './syslog-address.ts';
export type { SyslogAddress } from './syslog-address.ts';
export { readSyslogConfig, syslogOptions } from './syslog-config.ts';
export type { SyslogConfig } from './syslog-config.ts';
export { createSyslogSink } from './syslog-sink.ts';
export type { SyslogCounts, SyslogSink, SyslogSinkOptions } from './syslog-sink.ts';
