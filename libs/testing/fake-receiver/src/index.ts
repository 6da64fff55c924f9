export { startFakeReceiver } from './fake-receiver.ts';
export type { FakeAnswer, FakeReceiver, FakeRequest } from './fake-receiver.ts';
export { makeCertificates } from './make-certificates.ts';
export type { Certificates } from './make-certificates.ts';
