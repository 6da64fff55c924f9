/**
 * `EventData` of an event: the `key=value` tokens of Data, and of Resource for network events, with the first letter
 * of the key raised. Resource wins over Data; a token without `=` is no data.
 */
export function eventDataOf(operation: string, data: string, resource: string): Record<string, string> {
  const result: Record<string, string> = {};
  addTokens(result, data);
  if (operation === 'Network') addTokens(result, resource);
  return result;
}

function addTokens(into: Record<string, string>, text: string): void {
  for (const token of text.split(/\s+/)) {
    const at = token.indexOf('=');
    if (at <= 0) continue;
    // The key comes from outside: `__proto__` assigned plainly would vanish into the prototype.
    Object.defineProperty(into, token.charAt(0).toUpperCase() + token.slice(1, at), {
      value: token.slice(at + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}
