import type { Pattern } from '@kubearmor-ts/policy';

/** A pattern in words a policy's author would use. */
export function describePattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'exact':
      return `path ${pattern.path}`;
    case 'directory':
      return `directory ${pattern.dir}${pattern.recursive ? ' and all below' : ''}`;
    case 'glob':
      return `pattern ${pattern.glob}`;
    case 'execname':
      return `execname ${pattern.name}`;
    case 'word':
      return pattern.word;
  }
}
