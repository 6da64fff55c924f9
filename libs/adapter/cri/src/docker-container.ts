import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asRecord, asStrings, parseJsonRecord } from './oci-spec.ts';

/** containerd's namespace that Docker uses for its containers. */
export const DOCKER_NAMESPACE = 'moby';

export interface DockerContainer {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Docker hands containerd neither the name, the labels nor the image of a container; it keeps them in
 * `<data root>/containers/<id>/config.v2.json`, written before the container reaches containerd.
 */
export async function readDockerContainer(
  dockerRoot: string,
  id: string,
): Promise<DockerContainer | undefined> {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined;
  const text = await readFile(join(dockerRoot, 'containers', id, 'config.v2.json'), 'utf8').catch(
    () => undefined,
  );
  const record = text === undefined ? undefined : parseJsonRecord(text);
  if (record === undefined) return undefined;
  const config = asRecord(record['Config']) ?? {};
  const { Name: name } = record;
  const { Image: image } = config;
  return {
    name: typeof name === 'string' ? name.replace(/^\//, '') : '',
    image: typeof image === 'string' ? image : '',
    labels: asStrings(config['Labels']),
  };
}
