/** `a=b,c=d` → pairs; what has no key is left out. */
export function podLabels(labels: string): [key: string, value: string][] {
  return labels.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at <= 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as [string, string]];
  });
}
