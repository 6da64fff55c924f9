import { messageToFormB, messageToText, toFormB, toText } from '@kubearmor-ts/event';
import type { Alert, Log, Message } from '@kubearmor-ts/proto';

export type OutputForm = 'text' | 'json' | 'pretty-json';

export function eventText(event: Alert | Log, form: OutputForm): string {
  return form === 'text' ? toText(event) : jsonText(toFormB(event), form);
}

export function messageText(message: Message, form: OutputForm): string {
  return form === 'text' ? messageToText(message) : jsonText(messageToFormB(message), form);
}

const escapes: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

/** These characters stand only inside strings, so they can be escaped in the whole text. */
function jsonText(line: string, form: 'json' | 'pretty-json'): string {
  if (form === 'json') return line;
  return JSON.stringify(JSON.parse(line), null, 2).replace(/[<>&]/g, (char) => escapes[char]!);
}
