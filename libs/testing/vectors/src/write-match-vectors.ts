import { mkdirSync, writeFileSync } from 'node:fs';
import { answerFile, formatFile } from './answer.ts';
import { questionFiles } from './match-cases.ts';
import { matchFolder } from './match-vector.ts';

mkdirSync(matchFolder, { recursive: true });
for (const [name, file] of Object.entries(questionFiles))
  writeFileSync(new URL(`${name}.json`, matchFolder), formatFile(answerFile(file)));
