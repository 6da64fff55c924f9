import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

const shortest = 16;
const recheckMs = 1000;

/** Who may ask. */
export interface Tokens {
  /** Takes as long whatever the token is like. */
  accepts(token: string): boolean;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * One token a line; empty lines and those that begin with `#` do not count. The file is read again when it changes, so
 * tokens are added and withdrawn without a restart; while it cannot be read nobody is let in.
 *
 * Throws when it cannot be read at first, or holds no token or one that is too short to be a secret.
 */
export function createTokenFile(path: string, nowMs: () => number): Tokens {
  let stamp = '';
  let lookedMs = Number.NEGATIVE_INFINITY;
  let digests: readonly Buffer[] = [];

  const stampOf = (): string => {
    const { mtimeMs, size, ino } = statSync(path);
    return `${String(mtimeMs)} ${String(size)} ${String(ino)}`;
  };
  const read = (): void => {
    const found = stampOf();
    if (found === stamp) return;
    const tokens = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    if (tokens.length === 0) throw new Error(`${path} holds no token`);
    const short = tokens.findIndex((token) => token.length < shortest);
    if (short >= 0) {
      throw new Error(`${path}: token ${String(short + 1)} has fewer than ${String(shortest)} characters`);
    }
    digests = tokens.map(digest);
    stamp = found;
  };
  read();

  return {
    accepts(token) {
      if (nowMs() - lookedMs >= recheckMs) {
        lookedMs = nowMs();
        try {
          read();
        } catch {
          digests = [];
          stamp = '';
        }
      }
      const given = digest(token);
      // All are compared, so that the time says nothing about which one was near.
      return digests.reduce((isKnown, known) => timingSafeEqual(known, given) || isKnown, false);
    },
  };
}
