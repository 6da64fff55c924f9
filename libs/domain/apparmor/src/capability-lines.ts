import { capabilityWords } from '@kubearmor-ts/policy';
import { decideWord, type WordClass } from './word-decision.ts';

/** Every capability by itself: exact, whatever rules say about it. */
export function capabilityLines(own: WordClass, source: string | undefined): readonly string[] {
  const lines = own.isOpen ? ['capability,'] : [];
  for (const word of capabilityWords) {
    const { verdict, isAudited } = decideWord(
      own,
      source,
      ({ pattern }) => pattern.kind === 'word' && pattern.word === word,
    );
    const name = word.slice('CAP_'.length).toLowerCase();
    if (verdict === 'deny') {
      if (own.isOpen) lines.push(`audit deny capability ${name},`);
    } else if (isAudited) lines.push(`audit capability ${name},`);
    else if (verdict === 'allow' && !own.isOpen) lines.push(`capability ${name},`);
  }
  return lines;
}
