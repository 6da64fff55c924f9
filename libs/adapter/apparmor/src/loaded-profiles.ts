/** A line of securityfs' list. */
export interface LoadedProfile {
  readonly name: string;
  readonly mode: string;
}

/** `name (mode)` a line; names may hold blanks and brackets, the mode is what stands last. */
export function parseLoadedProfiles(text: string): readonly LoadedProfile[] {
  return text.split('\n').flatMap((line) => {
    const found = /^(.+) \(([a-z]+)\)$/.exec(line);
    return found === null ? [] : [{ name: found[1]!, mode: found[2]! }];
  });
}
