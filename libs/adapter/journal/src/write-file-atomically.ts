import { open, rename } from 'node:fs/promises';

/** A reader finds the old text or the new one, also after a crash of the machine. */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  {
    await using file = await open(fresh, 'w', 0o640);
    await file.writeFile(text);
    await file.datasync();
  }
  await rename(fresh, path);
}
