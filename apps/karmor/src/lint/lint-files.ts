import { open } from 'node:fs/promises';
import { defaultLimits, parsePolicies, policyTitle } from '@kubearmor-ts/policy';
import type { Finding, ParseOptions, PolicyDocument } from '@kubearmor-ts/policy';
import { findFiles } from './find-files.ts';
import type { FoundFile } from './find-files.ts';

export interface LintFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  /** Path inside the object, '' for the whole. */
  readonly path: string;
  /** Kind and name of the policy, '' where there is none. */
  readonly object: string;
}

export interface LintSummary {
  files: number;
  /** Policies that are accepted, with or without warnings. */
  valid: number;
  /** Documents that are refused. */
  invalid: number;
  /** Objects that are no KubeArmor policies. */
  skipped: number;
  errors: number;
  warnings: number;
}

export interface LintReport {
  readonly findings: readonly LintFinding[];
  readonly summary: LintSummary;
}

type Strictness = NonNullable<ParseOptions['strictness']>;

export async function lintFiles(paths: readonly string[], strictness: Strictness): Promise<LintReport> {
  const findings: LintFinding[] = [];
  const summary: LintSummary = { files: 0, valid: 0, invalid: 0, skipped: 0, errors: 0, warnings: 0 };
  for (const found of await findFiles(paths)) {
    const add = (finding: LintFinding): void => {
      findings.push(finding);
      summary[finding.severity === 'error' ? 'errors' : 'warnings']++;
    };
    if (found.kind === 'unreadable') {
      add(fileFinding(found.path, 'KA_LINT_UNREADABLE', 'Unreadable', found.problem));
      continue;
    }
    summary.files++;
    const name = found.kind === 'stdin' ? '<stdin>' : found.path;
    const text = await readBounded(found);
    if ('problem' in text) {
      add(fileFinding(name, 'KA_LINT_UNREADABLE', 'Unreadable', text.problem));
      continue;
    }
    const documents = parsePolicies(text.bytes, { file: name, strictness });
    const isNamed = found.kind === 'stdin' || found.named;
    if (documents.length === 0 && isNamed)
      add(fileFinding(name, 'KA_LINT_EMPTY', 'NoPolicy', 'holds no policy'));
    for (const document of documents) {
      count(document, isNamed, summary);
      for (const finding of findingsOf(document, name, isNamed)) add(finding);
    }
  }
  return { findings, summary };
}

function count({ result }: PolicyDocument, isNamed: boolean, summary: LintSummary): void {
  if (result.ok) summary.valid++;
  else if (result.error.code === 'KA_POLICY_OTHER_KIND' && !isNamed) summary.skipped++;
  else summary.invalid++;
}

function findingsOf(
  { result, warnings }: PolicyDocument,
  file: string,
  isNamed: boolean,
): readonly LintFinding[] {
  if (!result.ok && result.error.code === 'KA_POLICY_OTHER_KIND' && !isNamed) return [];
  const object = result.ok ? policyTitle(result.value.id) : (result.error.object ?? '');
  const all = result.ok ? warnings : [...result.error.findings, ...warnings];
  return all
    .map((found) => located(found, file, object))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function located(
  { severity, code, reason, message, path, place }: Finding,
  file: string,
  object: string,
): LintFinding {
  const { line = 1, column = 1 } = place ?? {};
  return { file, line, column, severity, code, reason, message, path, object };
}

const fileFinding = (file: string, code: string, reason: string, message: string): LintFinding => ({
  file,
  line: 1,
  column: 1,
  severity: 'error',
  code,
  reason,
  message,
  path: '',
  object: '',
});

type BoundedText = { readonly bytes: Uint8Array } | { readonly problem: string };

/** Reads one byte more than the parser accepts at most: enough for it to refuse the input, whatever the size says. */
async function readBounded(found: Exclude<FoundFile, { kind: 'unreadable' }>): Promise<BoundedText> {
  try {
    if (found.kind === 'stdin') return { bytes: await collect(process.stdin) };
    const handle = await open(found.path);
    try {
      return { bytes: await collect(handle.createReadStream({ autoClose: false })) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > defaultLimits.maxBytes) break;
  }
  return Buffer.concat(chunks);
}
