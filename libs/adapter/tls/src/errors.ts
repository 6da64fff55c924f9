/** Every way certificate files can be wrong, with what a user can do about it. */
export const tlsErrorCodes = {
  KA_TLS_READ: 'the file cannot be read: check that the secret is mounted and its permissions',
  KA_TLS_PARSE: 'the file is not what it should be: PEM, the key without a passphrase',
  KA_TLS_KEY_MISMATCH: 'the key is not that of the certificate: both must come from the same request',
  KA_TLS_EXPIRED: 'the certificate is too old: renew it',
  KA_TLS_NOT_YET_VALID:
    'the certificate begins in the future: check the clock of this machine and of the issuer',
  KA_TLS_NAME: 'the certificate lacks a name peers will dial: issue it with that subject alternative name',
  KA_TLS_USAGE: 'the certificate is for another purpose: issue it with the extended key usage named',
} as const;

export type TlsErrorCode = keyof typeof tlsErrorCodes;

/** Which of the three files. */
export type TlsField = 'ca' | 'certificate' | 'key';

export interface TlsProblem {
  readonly code: TlsErrorCode;
  readonly reason: string;
  readonly message: string;
  /** The file. */
  readonly object: string;
  readonly place: TlsField;
}

export class TlsError extends Error {
  readonly code: TlsErrorCode;
  readonly problems: readonly TlsProblem[];

  constructor(problems: readonly [TlsProblem, ...TlsProblem[]]) {
    super(problems.map(({ code, message }) => `${code} ${message}`).join('; '));
    this.name = 'TlsError';
    this.code = problems[0].code;
    this.problems = problems;
  }
}
