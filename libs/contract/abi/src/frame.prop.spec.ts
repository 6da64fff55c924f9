import fc from 'fast-check';
import { decodeEventFrame, encodeBareFrame, encodeFramePlanPut, FrameKind, FrameReader } from './index.ts';
import type { Frame, FrameError } from './index.ts';

const cut = (stream: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...cuts.map((c) => c % (stream.length + 1)), 0, stream.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => stream.subarray(at[i], end));
};

const run = (chunks: readonly Buffer[]): { frames: Frame[]; errors: FrameError[] } => {
  const seen: { frames: Frame[]; errors: FrameError[] } = { frames: [], errors: [] };
  const sink = {
    frame: (f: Frame) => void seen.frames.push(f),
    error: (e: FrameError) => void seen.errors.push(e),
  };
  const reader = new FrameReader(4096);
  for (const chunk of chunks) reader.push(chunk, sink);
  reader.end(sink);
  return seen;
};

const anyFrame = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((seq) => encodeBareFrame(FrameKind.READY, seq)),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 200 }))
    .map(([hash, blob]) => encodeFramePlanPut({ seq: 1n, contentHash: hash }, blob)),
);

test('frames come out whole and in order wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (frames, cuts) => {
        const { frames: got, errors } = run(cut(Buffer.concat(frames), cuts));
        expect(errors).toEqual([]);
        expect(got.map((f) => f.bytes.toString('hex'))).toEqual(frames.map((f) => f.toString('hex')));
      },
    ),
  );
});

test('garbage never makes the reader throw, and cuts do not change what it reports', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          anyFrame,
          fc.uint8Array({ maxLength: 64 }).map((b) => Buffer.from(b)),
        ),
        { maxLength: 8 },
      ),
      fc.array(fc.nat(), { maxLength: 12 }),
      (pieces, cuts) => {
        const stream = Buffer.concat(pieces);
        const whole = run([stream]);
        const inPieces = run(cut(stream, cuts));
        expect(inPieces.frames.map((f) => f.bytes.toString('hex'))).toEqual(
          whole.frames.map((f) => f.bytes.toString('hex')),
        );
        expect(inPieces.errors.map((e) => `${e.code} ${e.place}`)).toEqual(
          whole.errors.map((e) => `${e.code} ${e.place}`),
        );
      },
    ),
  );
});

test('garbage in an event frame never makes the decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.bigInt({ min: 0n, max: 3n }), (body, ring) => {
      const bytes = Buffer.concat([Buffer.alloc(16), body]);
      decodeEventFrame({ kind: FrameKind.EVENT, seq: ring, bytes });
    }),
  );
});
