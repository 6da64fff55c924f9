import { RE2JS } from 're2js';

/** A user's regular expression, matched in time linear in the text; undefined when it is not one or is too large. */
export interface Expression {
  /** True when the expression matches anywhere in the text. */
  found(text: string): boolean;
}

const maxLength = 1024;

export function compileExpression(text: string): Expression | undefined {
  if (text.length > maxLength) return undefined;
  try {
    const compiled = RE2JS.compile(text);
    return { found: (input) => compiled.matcher(input).find() };
  } catch {
    return undefined;
  }
}
