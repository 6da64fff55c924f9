import { connect, type Socket } from 'node:net';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** One HTTP/2 frame. */
export function http2Frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Byte streams that a server of gRPC must survive, made from a source of random numbers. */
export function garbageStreams(
  random: (below: number) => number,
): readonly { readonly what: string; readonly bytes: Buffer }[] {
  const noise = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random(256)));
  const preface = Buffer.from(PREFACE);
  const settings = http2Frame(4, 0, 0, Buffer.alloc(0));
  return [
    { what: 'random bytes', bytes: noise(20_000) },
    { what: 'half a preface', bytes: preface.subarray(0, 11) },
    {
      what: 'HTTP/1.1',
      bytes: Buffer.from('POST /policy.PolicyService/containerPolicy HTTP/1.1\r\nHost: x\r\n\r\n'),
    },
    { what: 'a preface and random bytes', bytes: Buffer.concat([preface, noise(5000)]) },
    {
      what: 'frames of unknown types',
      bytes: Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 50 }, () =>
          http2Frame(50 + random(200), random(256), random(1000), noise(random(100))),
        ),
      ]),
    },
    {
      what: 'headers that do not decompress',
      bytes: Buffer.concat([preface, settings, http2Frame(1, 4, 1, noise(200))]),
    },
    {
      what: 'a frame longer than allowed',
      bytes: Buffer.concat([preface, settings, http2Frame(0, 0, 1, noise(70_000))]),
    },
    {
      what: 'data for a stream that is not open',
      bytes: Buffer.concat([preface, settings, http2Frame(0, 1, 99, noise(10))]),
    },
    {
      what: 'continuations without end',
      bytes: Buffer.concat([
        preface,
        settings,
        http2Frame(1, 0, 1, noise(10)),
        ...Array.from({ length: 500 }, () => http2Frame(9, 0, 1, noise(100))),
      ]),
    },
    {
      what: 'ten thousand pings',
      bytes: Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 10_000 }, () => http2Frame(6, 0, 0, Buffer.alloc(8))),
      ]),
    },
    {
      what: 'resets of streams never opened',
      bytes: Buffer.concat([
        preface,
        settings,
        ...Array.from({ length: 1000 }, (_, i) => http2Frame(3, 0, 2 * i + 1, Buffer.alloc(4))),
      ]),
    },
  ];
}

/** Sends bytes and waits until the peer hangs up, or for a moment if it politely waits for more. */
export function sendGarbage(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    socket.setTimeout(1500, () => socket.destroy());
    socket.on('data', () => undefined);
    socket.once('connect', () => socket.write(bytes));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') reject(error);
    });
    socket.once('close', () => resolve());
  });
}
