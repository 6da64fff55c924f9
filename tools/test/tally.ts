/** What one stage of the test run found; every skip carries its reason. */
export interface Tally {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export const nothing: Tally = { passed: 0, failed: [], skipped: [] };

export const add = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: [...a.failed, ...b.failed],
  skipped: [...a.skipped, ...b.skipped],
});

/** The line that a test run ends with. */
export const closingLine = (t: Tally): string =>
  `${t.passed} passed, ${t.failed.length} failed, ${t.skipped.length} skipped`;
