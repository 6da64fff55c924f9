import { createHash } from 'node:crypto';
import { createTar } from './tar.ts';
import type { TarEntry } from './tar.ts';

export interface ImageSpec {
  readonly name: string;
  /** Lowest first; images may share layers, which are then stored once. */
  readonly layers: readonly Buffer[];
  readonly command: readonly string[];
  readonly env: readonly string[];
}

/** One OCI image layout, as a tar, that holds all these images; layers stay uncompressed, for quick unpacking. */
export function createImageArchive(images: readonly ImageSpec[]): Buffer {
  const blobs = new Map<string, Buffer>();
  const store = (content: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } => {
    const digest = createHash('sha256').update(content).digest('hex');
    blobs.set(digest, content);
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };
  const manifests = images.map((image) => {
    const layers = image.layers.map((layer) => store(layer, 'application/vnd.oci.image.layer.v1.tar'));
    const config = store(
      json({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config: { Env: image.env, Cmd: image.command, WorkingDir: '/' },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
      }),
      'application/vnd.oci.image.config.v1+json',
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = store(json({ schemaVersion: 2, mediaType, config, layers }), mediaType);
    return {
      ...manifest,
      annotations: {
        'io.containerd.image.name': image.name,
        'org.opencontainers.image.ref.name': image.name,
      },
    };
  });
  const file = (path: string, content: Buffer): TarEntry => ({ path, kind: 'file', mode: 0o644, content });
  return createTar([
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    file('index.json', json({ schemaVersion: 2, manifests })),
    ...[...blobs].map(([digest, content]) => file(`blobs/sha256/${digest}`, content)),
  ]);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
