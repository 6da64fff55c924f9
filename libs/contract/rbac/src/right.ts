export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete';

/** Rights that an installation has only when it asks for what needs them. */
export type RightCondition = 'annotateExisting' | 'certManager';

export interface Right {
  /** Empty for the core group. */
  readonly group: string;
  /** Plural, with the subresource behind a slash. */
  readonly resource: string;
  readonly verbs: readonly Verb[];
  /** The objects it is limited to. For list and watch a client must then ask with `metadata.name`. */
  readonly names?: readonly string[];
  readonly when?: RightCondition;
  readonly why: string;
}

export interface ComponentRights {
  readonly serviceAccount: string;
  /** Absent when it has no right outside its namespace. */
  readonly clusterRole?: { readonly name: string; readonly binding: string };
  /** In the namespace of the installation. */
  readonly role?: { readonly name: string; readonly binding: string };
  readonly cluster: readonly Right[];
  readonly namespace: readonly Right[];
}
