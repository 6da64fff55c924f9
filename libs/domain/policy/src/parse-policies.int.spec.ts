import { parsePolicies } from './index.ts';

const head = `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: demo, namespace: shop}
`;

test('reads a policy of ten megabytes', () => {
  const entries = Array.from(
    { length: 160_000 },
    (_, i) => `    - path: /some/long/directory/name/file-${i}\n      action: Block\n`,
  );
  const text = `${head}spec:\n  file:\n    matchPaths:\n${entries.join('')}`;
  expect(text.length).toBeGreaterThan(10_000_000);
  const [document] = parsePolicies(text);
  expect(document?.result.ok && document.result.value.rules.length).toBe(160_000);
}, 240_000);

test('reads five thousand policies and keeps those around a broken one', () => {
  const texts = Array.from({ length: 5000 }, (_, i) =>
    i === 2500
      ? 'a: [\n'
      : `${head.replace('demo', `demo-${i}`)}spec: {process: {matchPaths: [{path: /bin/ls}]}}\n`,
  );
  const documents = parsePolicies(texts.join('---\n'));
  expect(documents).toHaveLength(5000);
  expect(documents.filter((d) => !d.result.ok)).toHaveLength(1);
}, 240_000);

test.each(['[,', '{a,', '&a ', '*a ', 'a:\n b:\nc\n', '? ', '- *a\n', '%YAML 1.2\n', '"', '\t', '!'])(
  '300 kB of %j end in an error or in nothing, not in a crash',
  (piece) => {
    const documents = parsePolicies(piece.repeat(300_000 / piece.length));
    expect(documents.every((d) => !d.result.ok)).toBe(true);
  },
  240_000,
);
