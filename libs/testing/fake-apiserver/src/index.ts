export { FakeApiServer } from './fake-apiserver.ts';
export type { SeenRequest } from './fake-apiserver.ts';
export type { Fault, FaultTarget } from './fault.ts';
export { listenHttp } from './listen-http.ts';
export type { StoredObject } from './object-table.ts';
export type { WireRequest, WireResponse } from './wire.ts';
