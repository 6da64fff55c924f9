import type { KernelFigure } from '../../e2e/bench/kernel.e2e.ts';
import type { ObjectName } from '../../e2e/bench/kernel-plans.ts';
import { conditions } from './conditions.ts';
import { labFigures } from './lab-figures.ts';
import { table, type Cell } from './markdown-table.ts';
import type { Section } from './section.ts';

const columns: readonly (readonly [ObjectName, string])[] = [
  ['plainFile', 'open+close'],
  ['overlayFile', 'open+close, overlay'],
  ['plainProgram', 'fork+exec'],
  ['overlayProgram', 'fork+exec, overlay'],
];

class Figures {
  private readonly all: readonly KernelFigure[];

  constructor(all: readonly KernelFigure[]) {
    this.all = all;
  }

  settings(): readonly string[] {
    return [...new Set(this.all.map(({ setting }) => setting))];
  }

  of(setting: string, object: ObjectName): KernelFigure | undefined {
    return this.all.find((one) => one.setting === setting && one.object === object);
  }

  bare(object: ObjectName): number {
    return Math.min(
      ...this.all
        .filter((one) => one.setting.startsWith('bare') && one.object === object)
        .map((one) => one.instructions),
    );
  }

  added(setting: string, object: ObjectName): number | undefined {
    const figure = this.of(setting, object);
    return figure === undefined ? undefined : figure.instructions - this.bare(object);
  }

  /** Farthest that two bare measurements of one object lie apart. */
  spreadOfBare(object: ObjectName): number {
    const all = this.all
      .filter((one) => one.setting.startsWith('bare') && one.object === object)
      .map((one) => one.instructions);
    return Math.max(...all) - Math.min(...all);
  }
}

const share = (added: number, bare: number): string =>
  `${added >= 0 ? '+' : ''}${((100 * added) / bare).toFixed(1)} %`;

function kernelText(kernel: string, figures: Figures): string {
  const bareRow: Cell[] = ['without the enforcer', ''];
  for (const [object] of columns) bareRow.push(figures.bare(object), '');
  const rows = figures
    .settings()
    .filter(
      (setting) =>
        !setting.startsWith('bare') && columns.some(([object]) => figures.of(setting, object) !== undefined),
    )
    .map((setting) => {
      const row: Cell[] = [setting, automata(figures, setting)];
      for (const [object] of columns) {
        const added = figures.added(setting, object);
        row.push(added ?? '', added === undefined ? '' : share(added, figures.bare(object)));
      }
      return row;
    });
  const head = ['added by', 'automata', ...columns.flatMap(([, name]) => [name, '%'])];
  return [
    `### Linux ${kernel}`,
    table(head, [bareRow, ...rows]),
    [
      verdictOnFlatness(figures),
      `A 261-byte path of 27 components: ${figures.bare('deepFile').toLocaleString('en-US')} instructions bare, ${(figures.added('10 rules, 24 folders deep', 'deepFile') ?? 0).toLocaleString('en-US')} added.`,
      `An open that a rule refuses, event included: ${(figures.of('10 rules, one blocks', 'refusedFile')?.instructions ?? 0).toLocaleString('en-US')} instructions in all.`,
      `Three bare measurements of the boot differ by at most ${columns.map(([object, name]) => `${figures.spreadOfBare(object).toLocaleString('en-US')} (${name})`).join(', ')}.`,
    ].join('\n'),
  ].join('\n\n');
}

function automata(figures: Figures, setting: string): string {
  const known = figures.of(setting, 'plainFile')?.automata;
  return known === undefined ? '' : `${known.file} + ${known.exec}`;
}

function verdictOnFlatness(figures: Figures): string {
  const sizes = ['10 rules', '100 rules', '1,000 rules', '10,000 rules'];
  const spread = (object: ObjectName): string => {
    const all = sizes.map((setting) => figures.of(setting, object)?.instructions ?? 0);
    return `${((100 * (Math.max(...all) - Math.min(...all))) / Math.min(...all)).toFixed(1)} %`;
  };
  const cost = figures.added('10 rules', 'plainFile') ?? 0;
  return [
    `From 10 to 10,000 rules the whole open+close varies by ${spread('plainFile')}, the whole fork+exec by ${spread('plainProgram')} (target: 10 %).`,
    `A 50-byte open under 10 rules costs ${share(cost, figures.bare('plainFile'))} (target: below +39 %).`,
  ].join('\n');
}

export const kernelSection: Section = async ({ kernels, log }) => {
  const parts: string[] = [];
  for (const kernel of kernels) {
    const figures = await labFigures<KernelFigure>('bench-kernel', { kernel, icount: true, log });
    parts.push(kernelText(kernel, new Figures(figures)));
  }
  return [...parts, conditions('instructions of an emulated x86-64, so no machine')].join('\n\n');
};
