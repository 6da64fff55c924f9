import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';

export interface RelayAccess {
  /** `http://host:port` or `https://host:port`. */
  readonly api: URL;
  readonly token?: string;
  readonly tls?: { readonly ca: Buffer; readonly certificate: Buffer; readonly key: Buffer };
}

const answerMs = 15_000;
const answerBytes = 64 << 20;

/** The JSON answer to a question; rejects with what the relay said is wrong, by code. */
export function askRelay(
  access: RelayAccess,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<unknown> {
  const url = new URL(path, access.api);
  url.search = new URLSearchParams(query).toString();
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  const { tls, token } = access;
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`KARMOR_API ${url.host}: ${what}`));
    const call = request(
      url,
      {
        timeout: answerMs,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(tls === undefined
          ? {}
          : { ca: tls.ca, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' }),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > answerBytes) call.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        answer.on('error', (cause) => fail(cause.message));
        answer.on('end', () => {
          const body = parse(Buffer.concat(chunks).toString('utf8'));
          if (answer.statusCode === 200 && body !== undefined) resolve(body);
          else fail(complaint(answer.statusCode ?? 0, body));
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer in time')));
    call.on('error', (cause: NodeJS.ErrnoException) =>
      fail(cause.message === '' ? (cause.code ?? 'unreachable') : cause.message),
    );
    call.end();
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function complaint(status: number, body: unknown): string {
  const error = (body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  return error === undefined
    ? `answered ${String(status)}, which is not this API: check the address`
    : `${String(error.code)} ${String(error.message)}`;
}
