import { rangeText, type EndpointPattern, type Pattern } from '@kubearmor-ts/policy';

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
    case 'endpoint':
      return `endpoint ${endpointText(pattern)}`;
  }
}

/** `egress TCP 10.0.0.0/8 port 80,8000-8080`, without what is any. */
export function endpointText({ direction, protocol, range, ports }: EndpointPattern): string {
  const listed = ports.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(',');
  return [
    direction,
    protocol,
    range === undefined ? undefined : rangeText(range),
    listed === '' ? undefined : `port ${listed}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}
