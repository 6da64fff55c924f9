import { isOurProfile } from '@kubearmor-ts/apparmor';
import { fail, ok, type Result } from '@kubearmor-ts/result';
import { profileFault, type ProfileFault } from './errors.ts';
import { parseLoadedProfiles, type LoadedProfile } from './loaded-profiles.ts';
import type { ParserEnd, RunParser } from './run-parser.ts';

export interface ProfileHost {
  readonly run: RunParser;
  /** The text of `/sys/kernel/security/apparmor/profiles`. */
  readonly readProfiles: () => Promise<string>;
  /** Arguments for every run, such as a features file. */
  readonly parserArguments?: readonly string[];
}

export interface NamedProfile {
  readonly name: string;
  readonly text: string;
}

/** What a sweep did. */
export interface Sweep {
  readonly removed: readonly string[];
  readonly failed: readonly ProfileFault[];
}

export interface ProfileLoader {
  /** Loads a profile, or replaces the loaded one at once for every process that it confines. */
  load(profile: NamedProfile, signal?: AbortSignal): Promise<Result<undefined, ProfileFault>>;
  /** Compiles without loading. */
  check(profile: NamedProfile, signal?: AbortSignal): Promise<Result<undefined, ProfileFault>>;
  /** Unloads a profile with its children; processes that it confines are unconfined then. */
  remove(name: string, signal?: AbortSignal): Promise<Result<undefined, ProfileFault>>;
  list(): Promise<Result<readonly LoadedProfile[], ProfileFault>>;
  /** Removes our profiles that are not among `used`; children go with the profile they belong to. */
  sweep(used: ReadonlySet<string>, signal?: AbortSignal): Promise<Result<Sweep, ProfileFault>>;
}

export function createProfileLoader({ run, readProfiles, parserArguments = [] }: ProfileHost): ProfileLoader {
  const parse = async (
    profile: NamedProfile,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<Result<undefined, ProfileFault>> => {
    if (!isOurProfile(profile.name))
      return fail(
        profileFault('KA_APPARMOR_NOT_OURS', profile.name, 'the name is not one of ours; it is left alone'),
      );
    return judge(profile.name, await run([...args, ...parserArguments], profile.text, signal));
  };
  const loader: ProfileLoader = {
    load: (profile, signal) => parse(profile, ['--replace', '--skip-cache'], signal),
    check: (profile, signal) => parse(profile, ['--skip-kernel-load', '--skip-cache'], signal),
    remove: (name, signal) =>
      parse({ name, text: `profile "${name}" {\n}\n` }, ['--remove', '--skip-cache'], signal),
    list: async () => {
      try {
        return ok(parseLoadedProfiles(await readProfiles()));
      } catch (cause) {
        const message = `the list of loaded profiles cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
        return fail({ ...profileFault('KA_APPARMOR_LIST_UNREADABLE', '(all)', message), cause });
      }
    },
    sweep: async (used, signal) => {
      const listed = await loader.list();
      if (!listed.ok) return listed;
      const removed: string[] = [];
      const failed: ProfileFault[] = [];
      for (const { name } of listed.value) {
        if (!isOurProfile(name) || name.includes('//') || used.has(name)) continue;
        const result = await loader.remove(name, signal);
        if (result.ok) removed.push(name);
        else failed.push(result.error);
      }
      return ok({ removed, failed });
    },
  };
  return loader;
}

function judge(name: string, end: ParserEnd): Result<undefined, ProfileFault> {
  switch (end.kind) {
    case 'missing':
      return fail(
        profileFault('KA_APPARMOR_PARSER_MISSING', name, `apparmor_parser cannot be started: ${end.output}`),
      );
    case 'timeout':
      return fail(
        profileFault(
          'KA_APPARMOR_PARSER_TIMEOUT',
          name,
          'apparmor_parser did not end in time and was killed',
        ),
      );
    case 'exit': {
      if (end.status === 0) return ok(undefined);
      const said = firstLine(end.output);
      const line = /\bat line (\d+)/.exec(end.output)?.[1];
      return fail(
        profileFault(
          'KA_APPARMOR_PROFILE_REFUSED',
          name,
          `apparmor_parser ended with ${end.status}: ${said}`,
          line === undefined ? undefined : Number(line),
        ),
      );
    }
  }
}

const firstLine = (text: string): string =>
  (text.trim().split('\n')[0] ?? '').slice(0, 500) || 'it said nothing';
