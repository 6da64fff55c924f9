/** One way in which a value differs from its schema. */
export interface SchemaViolation {
  /** JSON pointer from the spec to the value; for `required` to the object that lacks the key. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A generated function; after it answered false, `errors` holds all violations until the next call. */
export interface SpecValidator {
  (spec: unknown): boolean;
  errors?: readonly SchemaViolation[] | null;
}
