import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { bodyFormats } from '@kubearmor-ts/schema-maps';
import { readSinkOptions, sinkConfigError } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';

const common = {
  format: { type: 'string', oneOf: bodyFormats, default: 'json', help: 'schema of a line' },
  maxLineBytes: {
    type: 'int',
    default: 65_536,
    min: 2000,
    max: 16_000_000,
    help: 'longer lines have the longest texts of their event cut, with a mark, until they fit',
  },
  timeoutMs: {
    type: 'int',
    default: 10_000,
    min: 100,
    max: 300_000,
    help: 'a write that takes longer is reported; what it holds may then be written twice',
  },
  batchSize: { type: 'int', default: 1000, min: 1, max: 50_000, help: 'events in a batch' },
  batchDelayMs: {
    type: 'int',
    default: 200,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company',
  },
} as const satisfies SinkOptionTable;

export const fileOptions = {
  path: {
    type: 'string',
    default: '',
    isRequired: true,
    help: 'absolute path of the file; its directory must exist',
  },
  ...common,
  mode: { type: 'string', default: '0640', help: 'permissions of files that are made, octal' },
  maxBytes: {
    type: 'int',
    default: 100_000_000,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'a file that would grow beyond this is set aside; 0 never',
  },
  maxAgeMinutes: {
    type: 'int',
    default: 0,
    min: 0,
    max: 5_256_000,
    help: 'a file older than this is set aside with the next event; 0 never',
  },
  keep: {
    type: 'int',
    default: 5,
    min: 0,
    max: 10_000,
    help: 'files set aside that are kept; the oldest go',
  },
  gzip: { type: 'bool', default: false, help: 'compresses the files set aside' },
  fsync: {
    type: 'bool',
    default: false,
    help: 'waits for the disk with every batch: a power cut then loses nothing that counts as delivered',
  },
} as const satisfies SinkOptionTable;

export const stdoutOptions = common;

export type FileConfig = Omit<SinkConfig<typeof fileOptions>, 'mode'> & { readonly mode: number };
export type StdoutConfig = SinkConfig<typeof stdoutOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readFileConfig(value: unknown, place: string): Result<FileConfig, readonly CodedError[]> {
  const read = readSinkOptions(fileOptions, value, place);
  if (!read.ok) return read;
  const config = read.value;
  const errors: CodedError[] = [];
  if (!config.path.startsWith('/') || config.path.endsWith('/'))
    errors.push(sinkConfigError(`${place}.path`, 'must be the absolute path of a file'));
  if (!/^0?[0-7]{3}$/.test(config.mode))
    errors.push(sinkConfigError(`${place}.mode`, 'must be three octal digits, such as 0640'));
  if (errors.length > 0) return fail(errors);
  return ok(Object.freeze({ ...config, mode: Number.parseInt(config.mode, 8) }));
}

export function readStdoutConfig(value: unknown, place: string): Result<StdoutConfig, readonly CodedError[]> {
  return readSinkOptions(stdoutOptions, value, place);
}
