import type { CodedError } from '@kubearmor-ts/result';

/** What can go wrong with profiles on this node; `reason` is fit for a condition. */
export const apparmorHostErrors = {
  KA_APPARMOR_PARSER_MISSING: 'ParserMissing',
  KA_APPARMOR_PARSER_TIMEOUT: 'ParserTimeout',
  KA_APPARMOR_PROFILE_REFUSED: 'ProfileRefused',
  KA_APPARMOR_NOT_OURS: 'ProfileNotOurs',
  KA_APPARMOR_LIST_UNREADABLE: 'ProfilesUnreadable',
} as const;

export interface ProfileFault extends CodedError {
  readonly code: keyof typeof apparmorHostErrors;
  /** Line of the profile's text, from 1; absent where the parser tells none. */
  readonly line?: number;
}

export function profileFault(
  code: ProfileFault['code'],
  profile: string,
  message: string,
  line?: number,
): ProfileFault {
  return {
    code,
    reason: apparmorHostErrors[code],
    message,
    object: `AppArmor profile ${profile}`,
    ...(line === undefined ? {} : { line, place: `line ${line}` }),
  };
}
