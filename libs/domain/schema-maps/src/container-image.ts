export interface ContainerImage {
  readonly name: string;
  readonly tag: string;
  /** `sha256:…` */
  readonly digest: string;
}

/** `registry/name:tag@sha256:…`; a colon before the last slash belongs to the registry's port. Absent parts are empty. */
export function parseContainerImage(image: string): ContainerImage {
  const [reference, digest] = image.split('@', 2) as [string, string | undefined];
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? reference : reference.slice(0, colon),
    tag: colon < 0 ? '' : reference.slice(colon + 1),
    digest: digest ?? '',
  };
}
