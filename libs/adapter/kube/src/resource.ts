/** A kind of object as the API's paths name it. */
export interface KubeResource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

export interface Place {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: 'status' | 'binding' | 'scale';
}

export function resourcePath(resource: KubeResource, { namespace, name, subresource }: Place = {}): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const parts = [
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    resource.plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `${root}/${parts.map(encodeURIComponent).join('/')}`;
}

export const apiVersionOf = ({ group, version }: KubeResource): string =>
  group === '' ? version : `${group}/${version}`;

/** For messages: `pods`, `leases.coordination.k8s.io shop/leader`. */
export function describeResource(resource: KubeResource, place: Place = {}): string {
  const type = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
  const object = [place.namespace, place.name].filter((part) => part !== undefined).join('/');
  return object === '' ? type : `${type} ${object}`;
}

const core = (plural: string, kind: string): KubeResource => ({ group: '', version: 'v1', plural, kind });

export const events: KubeResource = core('events', 'Event');
export const leases: KubeResource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
};
