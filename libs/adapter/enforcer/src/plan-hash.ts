import { createHash } from 'node:crypto';
import { PlanLayout } from '@kubearmor-ts/abi';

const zeros = new Uint8Array(8);

/** First 8 bytes, little-endian, of the SHA-256 over the blob with its hash field zero. */
export const planHash = (blob: Uint8Array): bigint => {
  const hash = createHash('sha256');
  hash
    .update(blob.subarray(0, PlanLayout.contentHash))
    .update(zeros)
    .update(blob.subarray(PlanLayout.contentHash + 8));
  return hash.digest().readBigUInt64LE(0);
};
