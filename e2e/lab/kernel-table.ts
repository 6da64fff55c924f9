/** A kernel the lab can boot: the one place that knows where each comes from. */
export interface KernelSource {
  readonly name: string;
  readonly index: string;
  readonly mirror: string;
  readonly packageName: RegExp;
}

/** Any mirror will do: what is downloaded is checked against the index. */
const mirror = process.env['KA_DEBIAN_MIRROR'] ?? 'https://deb.debian.org/debian';

export const KERNELS: readonly KernelSource[] = [
  {
    name: '6.1',
    mirror,
    index: `${mirror}/dists/bookworm/main/binary-amd64/Packages.gz`,
    packageName: /^linux-image-6\.1\.0-\d+-cloud-amd64$/,
  },
  {
    name: '6.12',
    mirror,
    index: `${mirror}/dists/trixie/main/binary-amd64/Packages.gz`,
    packageName: /^linux-image-6\.12\.[^-]+-cloud-amd64$/,
  },
];

/**
 * Drivers that must be there before the shared root is: whatever of it is built in is skipped. `overlay` makes the
 * read-only host root writable for the guest.
 */
export const BOOT_MODULES: readonly string[] = [
  'virtio_pci',
  'virtio_console',
  'virtiofs',
  'overlay',
  'virtio_net',
];
