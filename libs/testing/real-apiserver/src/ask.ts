import { request } from 'node:https';
import type { Agent } from 'node:https';

export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With query. */
  readonly path: string;
  readonly body?: unknown;
  /** JSON when absent. */
  readonly contentType?: string;
  /** JSON when absent. */
  readonly accept?: string;
}

export interface Answer {
  readonly status: number;
  /** The text itself where it is no JSON. */
  readonly body: unknown;
  /** Texts of the `Warning` headers. */
  readonly warnings: readonly string[];
}

export function askHttps(server: URL, agent: Agent, question: Question): Promise<Answer> {
  const body = question.body === undefined ? undefined : JSON.stringify(question.body);
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(question.path, server),
      {
        method: question.method ?? (body === undefined ? 'GET' : 'POST'),
        agent,
        headers: {
          accept: question.accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': question.contentType ?? 'application/json' }),
        },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            body: parsed(text),
            warnings: warningTexts(answer.rawHeaders),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** RFC 7234: `299 - "text"`, one header for each, quotes and backslashes escaped. */
function warningTexts(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.flatMap((name, index) => {
    if (index % 2 !== 0 || name.toLowerCase() !== 'warning') return [];
    const quoted = /^\d+ \S+ "((?:[^"\\]|\\.)*)"/.exec(rawHeaders[index + 1] ?? '')?.[1];
    return quoted === undefined ? [] : [quoted.replace(/\\(.)/g, '$1')];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
