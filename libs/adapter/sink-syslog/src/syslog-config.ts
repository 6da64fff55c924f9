import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { bodyFormats, exampleEnterpriseNumber, syslogFacilities } from '@kubearmor-ts/schema-maps';
import type { SyslogFacility } from '@kubearmor-ts/schema-maps';
import { readSinkOptions, sinkConfigError, tlsOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';
import { parseSyslogAddress } from './syslog-address.ts';
import type { SyslogAddress } from './syslog-address.ts';

export const syslogOptions = {
  address: {
    type: 'string',
    default: '',
    isRequired: true,
    help: 'receiver: udp://host:514, tcp://host:601 or tls://host:6514',
  },
  format: { type: 'string', oneOf: bodyFormats, default: 'json', help: 'schema of the message body' },
  facility: {
    type: 'string',
    oneOf: Object.keys(syslogFacilities) as readonly SyslogFacility[],
    default: 'local0',
    help: 'facility of every message',
  },
  appName: { type: 'string', default: 'kubearmor', help: 'APP-NAME of every message' },
  enterpriseNumber: {
    type: 'int',
    default: exampleEnterpriseNumber,
    min: 0,
    max: 4_294_967_295,
    help:
      'number after kubearmor@ in the name of the structured data; this product has none assigned, and the default ' +
      'is the one IANA reserves for examples, so no vendor has it',
  },
  framing: {
    type: 'string',
    oneOf: ['octet-counting', 'lf'],
    default: 'octet-counting',
    help: 'how messages on a stream are told apart (RFC 6587); TLS receivers want octet-counting',
  },
  bom: {
    type: 'bool',
    default: false,
    help: 'a byte order mark before the body, as RFC 5424 asks; many receivers then fail to read JSON or CEF',
  },
  maxMessageBytes: {
    type: 'int',
    default: 0,
    min: 0,
    max: 65_507,
    help:
      'longest message; an event that is longer has its longest texts cut, with a mark and counted; 0 means 2048 over ' +
      'UDP and 8192 on a stream, which receivers take as they come',
  },
  timeoutMs: {
    type: 'int',
    default: 10_000,
    min: 100,
    max: 300_000,
    help: 'for connecting, and for the receiver’s kernel to acknowledge a batch: how long a dead connection goes unseen',
  },
  keepAliveMs: {
    type: 'int',
    default: 15_000,
    min: 1000,
    max: 7_200_000,
    help: 'an idle connection is probed after this; it is given up after ten more probes, one a second',
  },
  batchSize: { type: 'int', default: 500, min: 1, max: 10_000, help: 'events in a batch' },
  batchDelayMs: {
    type: 'int',
    default: 200,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company',
  },
  tls: { type: 'object', options: tlsOptions, help: '' },
} as const satisfies SinkOptionTable;

export type SyslogConfig = Omit<SinkConfig<typeof syslogOptions>, 'address'> & {
  readonly address: SyslogAddress;
};

const shortestMessage = 480;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readSyslogConfig(value: unknown, place: string): Result<SyslogConfig, readonly CodedError[]> {
  const read = readSinkOptions(syslogOptions, value, place);
  if (!read.ok) return read;
  const config = read.value;
  const errors: CodedError[] = [];
  const address = parseSyslogAddress(config.address);
  if (!address.ok) errors.push(sinkConfigError(`${place}.address`, address.error));
  else if (address.value.transport === 'tls' && config.framing === 'lf')
    errors.push(sinkConfigError(`${place}.framing`, 'must be octet-counting over TLS (RFC 5425)'));
  if (!/^[\x21-\x7e]{1,48}$/.test(config.appName))
    errors.push(sinkConfigError(`${place}.appName`, 'must be 1 to 48 printable ASCII characters'));
  if (config.maxMessageBytes !== 0 && config.maxMessageBytes < shortestMessage)
    errors.push(
      sinkConfigError(
        `${place}.maxMessageBytes`,
        `must be 0 or at least ${String(shortestMessage)}, which every receiver takes`,
      ),
    );
  if (!address.ok || errors.length > 0) return fail(errors);
  return ok(Object.freeze({ ...config, address: address.value }));
}

/** Bytes a message may have: what is configured, or what the transport is known to carry. */
export function messageLimit(config: SyslogConfig): number {
  if (config.maxMessageBytes !== 0) return config.maxMessageBytes;
  return config.address.transport === 'udp' ? 2048 : 8192;
}
