import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import type { TlsErrorCode, TlsField, TlsProblem } from './errors.ts';
import type { TlsFiles } from './tls-files.ts';

/** PEM bytes that fit together. */
export interface TlsMaterial {
  /** One or more certificates: during a change of authority the old and the new. */
  readonly ca: Buffer;
  /** The own certificate, intermediates after it. */
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface CheckedMaterial extends TlsMaterial {
  /** Unix milliseconds; of the own certificate and of every authority. */
  readonly validity: readonly CertificateValidity[];
}

export interface CertificateValidity {
  readonly field: 'certificate' | 'ca';
  readonly subject: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface MaterialWishes {
  readonly files: TlsFiles;
  readonly usage: 'server' | 'client';
  /** DNS names and addresses that peers dial, each of which the certificate must be valid for. */
  readonly names: readonly string[];
}

const usageOid = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;
const usageName = { server: 'serverAuth', client: 'clientAuth' } as const;

/** The bytes as usable material, or everything that makes them unusable. Expiry is not judged here: see `validity`. */
export function checkMaterial(
  wishes: MaterialWishes,
  bytes: TlsMaterial,
): Result<CheckedMaterial, readonly [TlsProblem, ...TlsProblem[]]> {
  const { files } = wishes;
  const problems: TlsProblem[] = [];
  const complain = (field: TlsField, code: TlsErrorCode, reason: string, what: string): void => {
    problems.push({ code, reason, object: files[field], place: field, message: `${files[field]}: ${what}` });
  };

  const authorities = parseCertificates(bytes.ca);
  if (authorities.length === 0) complain('ca', 'KA_TLS_PARSE', 'NotACertificate', 'holds no PEM certificate');
  const own = parseCertificates(bytes.certificate)[0];
  if (own === undefined)
    complain('certificate', 'KA_TLS_PARSE', 'NotACertificate', 'holds no PEM certificate');
  const key = parseKey(bytes.key);
  if (key === undefined)
    complain('key', 'KA_TLS_PARSE', 'NotAKey', 'holds no PEM private key without passphrase');

  if (own !== undefined) {
    if (key !== undefined && !own.checkPrivateKey(key)) {
      complain(
        'key',
        'KA_TLS_KEY_MISMATCH',
        'KeyMismatch',
        `is not the key of ${files.certificate} (${oneLine(own.subject)})`,
      );
    }
    // Node gives the extended usages, undefined where the certificate does not restrict them.
    const usages = own.keyUsage as readonly string[] | undefined;
    if (usages !== undefined && !usages.includes(usageOid[wishes.usage])) {
      complain(
        'certificate',
        'KA_TLS_USAGE',
        'WrongUsage',
        `lacks the extended key usage ${usageName[wishes.usage]}`,
      );
    }
    for (const name of wishes.names.filter((wanted) => !isValidFor(own, wanted))) {
      complain(
        'certificate',
        'KA_TLS_NAME',
        'WrongName',
        `is not valid for ${name}; its names are ${own.subjectAltName ?? 'none'}`,
      );
    }
  }
  const [first, ...others] = problems;
  if (first !== undefined || own === undefined) return fail([first!, ...others]);
  return ok({
    ...bytes,
    validity: [
      validityOf('certificate', own),
      ...authorities.map((authority) => validityOf('ca', authority)),
    ],
  });
}

/** What the clock has against the material now. */
export function expiryProblems(
  material: CheckedMaterial,
  files: TlsFiles,
  nowMs: number,
): readonly TlsProblem[] {
  const outside = (row: CertificateValidity): boolean => nowMs < row.notBeforeMs || nowMs > row.notAfterMs;
  // One authority of a bundle may have ended: the others go on.
  const authorities = material.validity.filter((row) => row.field === 'ca');
  const wrong = [
    ...material.validity.filter((row) => row.field === 'certificate' && outside(row)),
    ...(authorities.every(outside) ? authorities.slice(0, 1) : []),
  ];
  return wrong.map(({ field, subject, notBeforeMs, notAfterMs }) => {
    const isEarly = nowMs < notBeforeMs;
    const when = new Date(isEarly ? notBeforeMs : notAfterMs).toISOString();
    return {
      code: isEarly ? 'KA_TLS_NOT_YET_VALID' : 'KA_TLS_EXPIRED',
      reason: isEarly ? 'CertificateNotYetValid' : 'CertificateExpired',
      object: files[field],
      place: field,
      message: `${files[field]}: ${subject} ${isEarly ? 'is valid only from' : 'expired at'} ${when}`,
    };
  });
}

function parseCertificates(pem: Buffer): readonly X509Certificate[] {
  const blocks =
    pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

function parseKey(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const isValidFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name)) !==
  undefined;

const validityOf = (field: 'certificate' | 'ca', certificate: X509Certificate): CertificateValidity => ({
  field,
  subject: oneLine(certificate.subject),
  notBeforeMs: Date.parse(certificate.validFrom),
  notAfterMs: Date.parse(certificate.validTo),
});

const oneLine = (subject: string | undefined): string => (subject ?? '').split('\n').join(', ');
