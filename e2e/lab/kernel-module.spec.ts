import { moduleDependencies } from './kernel-module.ts';

test.each([
  ['license=GPL\0depends=virtio,virtio-ring\0name=x\0', ['virtio', 'virtio_ring']],
  ['license=GPL\0depends=\0name=x\0', []],
  ['no module information', []],
])('reads what a driver needs loaded before it', (info, expected) => {
  expect(moduleDependencies(Buffer.from(`\x7fELF\0${info}`))).toEqual(expected);
});
