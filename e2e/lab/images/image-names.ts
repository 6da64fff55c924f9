/** Images of the lab, by the name scenarios use. */
export const IMAGES = {
  busybox: 'lab.local/busybox:1',
  ubuntu: 'lab.local/ubuntu-w-utils:1',
  wordpress: 'lab.local/wordpress:1',
  mysql: 'lab.local/mysql:1',
  nginx: 'lab.local/nginx:1',
} as const;
export type ImageName = keyof typeof IMAGES;
