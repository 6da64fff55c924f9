/** Policy texts that cannot or need not be honoured, with what the agent must say of each. */
export interface BadPolicy {
  readonly what: string;
  readonly file: string;
  readonly text: string | Buffer;
  /** Found in /policies: code, object and place. */
  readonly says: RegExp;
}

const head = (name: string): string =>
  `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: ${name}\nspec:\n` +
  `  selector:\n    matchLabels:\n      kubearmor.io/container.name: ^bad-input$\n`;

const bigPolicy = (bytes: number): string => {
  const lines: string[] = [head('big') + '  action: Block\n  file:\n    matchPaths:\n'];
  for (let size = 0, i = 0; size < bytes; i += 1) {
    const line = `    - path: /srv/big/a-rather-long-directory-name/file-number-${i}\n`;
    lines.push(line);
    size += line.length;
  }
  return lines.join('');
};

/** Each doubles what must be remembered of the others. */
const floating = Array.from(
  { length: 300 },
  (_, i) => `    - pattern: /srv/**a${i}b**c${i}d
`,
).join('');
const braces = '{a,b,c,d,e,f,g,h}'.repeat(8);

export const badPolicies: readonly BadPolicy[] = [
  {
    what: 'YAML that does not parse',
    file: 'malformed.yaml',
    text: head('malformed') + '  file: [unclosed\n  action: Block\n',
    says: /KA_POLICY_\w+.*malformed\.yaml:\d+:\d+|malformed\.yaml:\d+:\d+.*KA_POLICY_\w+/s,
  },
  {
    what: 'a document that is no policy',
    file: 'nonsense.yaml',
    text: 'just: [some, words]\n',
    says: /nonsense\.yaml:\d+:\d+/,
  },
  {
    what: 'bytes that are not UTF-8',
    file: 'binary.yaml',
    text: Buffer.from(head('binary').replace('bad-input', 'bad\xff\xfe'), 'latin1'),
    says: /KA_POLICY_NOT_UTF8.*binary\.yaml|binary\.yaml.*KA_POLICY_NOT_UTF8/s,
  },
  {
    what: 'an action that does not exist',
    file: 'action.yaml',
    text: head('action') + '  file:\n    matchPaths:\n    - path: /srv/x\n  action: Blok\n',
    says: /action\.yaml:\d+:\d+/,
  },
  {
    what: 'a YAML alias bomb',
    file: 'bomb.yaml',
    text:
      'a: &a [x,x,x,x,x,x,x,x,x,x]\n' +
      Array.from('bcdefgh', (name, i) => {
        const before = 'abcdefgh'[i]!;
        return `${name}: &${name} [${`*${before},`.repeat(9)}*${before}]\n`;
      }).join(''),
    says: /bomb\.yaml/,
  },
  {
    what: '300 patterns that multiply each other',
    file: 'floating.yaml',
    text: head('floating') + `  file:\n    matchPatterns:\n${floating}  action: Block\n`,
    says: /KA_(PLAN|MATCH)_\w+.*floating|floating.*KA_(PLAN|MATCH)_\w+/s,
  },
  {
    what: 'a pattern of sixteen million alternatives',
    file: 'braces.yaml',
    text: head('braces') + `  file:\n    matchPatterns:\n    - pattern: /srv/${braces}\n  action: Block\n`,
    says: /KA_\w+.*braces|braces.*KA_\w+/s,
  },
  {
    what: 'a policy of 10 MB',
    file: 'big.yaml',
    text: bigPolicy(10 << 20),
    says: /big/,
  },
];
