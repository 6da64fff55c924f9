import type { ReflectionService } from '@grpc/reflection';
import { descriptors } from '@kubearmor-ts/proto';

type Package = ConstructorParameters<typeof ReflectionService>[0];

/**
 * What the reflection service reads from a loaded package is only its file descriptors; ours were kept when the code
 * was generated, so no proto file is read at run time.
 */
export function reflectionPackage(): Package {
  const fileDescriptorProtos = Object.values(descriptors).map((text) => Buffer.from(text, 'base64'));
  return {
    descriptors: { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos },
  };
}
