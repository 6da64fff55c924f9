import { createHmac } from 'node:crypto';

/**
 * Headers that let a receiver check who sent a request and when. The timestamp is part of what is signed, so an old
 * request cannot be sent again as a new one; a receiver refuses timestamps that are minutes away from its clock.
 * Signed is the body before compression.
 */
export function signatureHeaders(secret: string, body: string, unixSeconds: number): Record<string, string> {
  const timestamp = String(unixSeconds);
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-kubearmor-timestamp': timestamp, 'x-kubearmor-signature': `v1=${digest}` };
}
