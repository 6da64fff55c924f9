/**
 * What one end shows and trusts, read from files and kept up to date.
 *
 *   ──start──► valid ◄──a replacement fits──┐
 *                │                          │
 *                ├──files changed──► look ──┤
 *                │                          └──it does not──► valid, `problem` says why
 *                └──time passes──► expired: still used, `problem` says so
 *
 * Files are looked at when their directory changes and every `lookMs`: a mounted secret is swapped by a link in its
 * directory, other tools write the files one by one, and some file systems report nothing. A look that finds pieces
 * that do not fit is repeated once after `settleMs` before it counts as a failure.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Service } from '@kubearmor-ts/life';
import { fail } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { checkMaterial, expiryProblems } from './check-material.ts';
import type { CertificateValidity, CheckedMaterial, TlsMaterial } from './check-material.ts';
import { TlsError } from './errors.ts';
import type { TlsField, TlsProblem } from './errors.ts';
import type { TlsFiles } from './tls-files.ts';

export interface TlsIdentityOptions {
  readonly files: TlsFiles;
  readonly usage: 'server' | 'client';
  /** Names the certificate must be valid for; a certificate without one is refused. */
  readonly names?: readonly string[];
  readonly clock: Clock;
  readonly lookMs?: number;
  readonly settleMs?: number;
  /** A replacement is in force, or was refused. */
  readonly onLook?: (outcome: 'replaced' | TlsProblem) => void;
}

/** The part servers and clients need. */
export interface TlsSource {
  current(): TlsMaterial;
  /** Calls the listener after every replacement, until the function it gives back is called. */
  onChange(listener: (material: TlsMaterial) => void): () => void;
}

export interface TlsIdentity extends Service, TlsSource {
  readonly files: TlsFiles;
  /** Why peers refuse this end now. */
  expiry(): TlsProblem | undefined;
  /** Why peers refuse this end, or why the newest files are not used. */
  problem(): TlsProblem | undefined;
  validity(): readonly CertificateValidity[];
  readonly counts: { readonly replaced: number; readonly refused: number };
}

const fields: readonly TlsField[] = ['ca', 'certificate', 'key'];

type Look = Result<CheckedMaterial, readonly [TlsProblem, ...TlsProblem[]]>;

export function createTlsIdentity(options: TlsIdentityOptions): TlsIdentity {
  const { files, clock } = options;
  const wishes = { files, usage: options.usage, names: options.names ?? [] };
  const listeners = new Set<(material: TlsMaterial) => void>();
  const counts = { replaced: 0, refused: 0 };
  let material: CheckedMaterial | undefined;
  let refusal: TlsProblem | undefined;
  /** What the last failed look saw: the same again is no news. */
  let refused: TlsMaterial | undefined;
  let ended: Promise<void> = Promise.resolve();

  const wallMs = (): number => Number(clock.wallNs() / 1_000_000n);

  const look = async (): Promise<{ readonly bytes: TlsMaterial | undefined; readonly result: Look }> => {
    const bytes = await readMaterial(files);
    return bytes.ok
      ? { bytes: bytes.value, result: checkMaterial(wishes, bytes.value) }
      : { bytes: undefined, result: bytes };
  };

  const take = (found: CheckedMaterial): void => {
    material = found;
    refusal = undefined;
    refused = undefined;
    counts.replaced += 1;
    for (const listener of listeners) listener(found);
    options.onLook?.('replaced');
  };

  const refuse = (problem: TlsProblem, bytes: TlsMaterial | undefined): void => {
    const isKnown = bytes === undefined ? refused === undefined : isSame(refused, bytes);
    if (refusal?.message === problem.message && isKnown) return;
    refusal = problem;
    refused = bytes;
    counts.refused += 1;
    options.onLook?.(problem);
  };

  const lookAgain = async (signal: AbortSignal): Promise<void> => {
    let { bytes, result } = await look();
    if (isSame(material, bytes)) {
      refusal = undefined;
      return;
    }
    if (!result.ok && !isSame(refused, bytes)) {
      await clock.sleep(options.settleMs ?? 500, signal);
      if (signal.aborted) return;
      ({ bytes, result } = await look());
    }
    if (!result.ok) {
      refuse(result.error[0], bytes);
      return;
    }
    if (isSame(material, result.value)) return;
    const expired = expiryProblems(result.value, files, wallMs())[0];
    const isWorse = expired !== undefined && expiryProblems(material!, files, wallMs()).length === 0;
    if (isWorse) refuse(expired, bytes);
    else take(result.value);
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    let turn = new AbortController();
    const watchers = watchDirectories(files, () => turn.abort());
    try {
      while (!signal.aborted) {
        await clock.sleep(options.lookMs ?? 10_000, AbortSignal.any([signal, turn.signal]));
        // Renewed before the look: a change that comes during it leads to another one.
        turn = new AbortController();
        if (!signal.aborted) await lookAgain(signal);
      }
    } finally {
      for (const watcher of watchers) watcher.close();
    }
  };

  const expiry = (): TlsProblem | undefined =>
    material === undefined ? undefined : expiryProblems(material, files, wallMs())[0];

  return {
    name: `certificate ${files.certificate}`,
    files,
    counts,
    async start(signal) {
      const { result } = await look();
      if (!result.ok) throw new TlsError(result.error);
      material = result.value;
      ended = follow(signal);
    },
    stop: () => ended,
    current() {
      if (material === undefined) throw new Error(`${files.certificate} is used before it was read`);
      return material;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    expiry,
    problem: () => expiry() ?? refusal,
    validity: () => material?.validity ?? [],
  };
}

async function readMaterial(
  files: TlsFiles,
): Promise<Result<TlsMaterial, readonly [TlsProblem, ...TlsProblem[]]>> {
  const problems: TlsProblem[] = [];
  const read = async (field: TlsField): Promise<Buffer> => {
    try {
      return await readFile(files[field]);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
      problems.push({
        code: 'KA_TLS_READ',
        reason: 'FileUnreadable',
        object: files[field],
        place: field,
        message: `${files[field]}: cannot be read as the ${field} (${code})`,
      });
      return Buffer.alloc(0);
    }
  };
  const [ca, certificate, key] = await Promise.all([read('ca'), read('certificate'), read('key')]);
  const [first, ...others] = problems;
  return first === undefined ? { ok: true, value: { ca, certificate, key } } : fail([first, ...others]);
}

const isSame = (a: TlsMaterial | undefined, b: TlsMaterial | undefined): boolean =>
  a !== undefined && b !== undefined && fields.every((field) => a[field].equals(b[field]));

/** A directory that cannot be watched is looked at from time to time like the others. */
function watchDirectories(files: TlsFiles, onEvent: () => void): readonly FSWatcher[] {
  return [...new Set(Object.values(files).map((file) => dirname(file)))].flatMap((directory) => {
    try {
      const watcher = watch(directory, { persistent: false }, onEvent);
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
}
