/** Why there is no profile; `reason` is fit for a condition. */
export const apparmorErrors = {
  KA_APPARMOR_TOO_MANY_RULES: 'TooManyRules',
  KA_APPARMOR_TOO_MANY_SOURCES: 'TooManySources',
  KA_APPARMOR_TOO_LARGE: 'ProfileTooLarge',
} as const;
