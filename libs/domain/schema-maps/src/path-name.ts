export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Of an absolute path; the root's directory is the root. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(1, path.length - baseName(path).length - 1));
}

/** Without the dot; a name that begins with its only dot has none. */
export function extensionOf(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1) : '';
}
