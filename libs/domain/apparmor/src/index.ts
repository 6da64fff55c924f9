export { projectProfile, PROFILE_LIMITS } from './project-profile.ts';
export type { Profile, ProfileInput, ProfileLimits } from './project-profile.ts';
export { policyOfLine, profileText, sourceOfProfile } from './profile-text.ts';
export type { ChildProfile, ProfileBody, ProfileNaming, ProfileSection } from './profile-text.ts';
export { contentProfileName, HOST_ATTACHMENT, isOurProfile, profileName } from './profile-name.ts';
export type { ProfileOwner } from './profile-name.ts';
export type { Condition, ConditionEffect, ConditionReason } from './condition.ts';
export type { RawLine, RawText } from './raw-lines.ts';
export { apparmorErrors } from './errors.ts';
