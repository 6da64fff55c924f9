/**
 * Spec to rules: inheritance, comma lists, one rule per source. An entry that names nothing is reported and gives no
 * rule; a word or path that can match nothing still gives its rule, because an Allow rule switches its class to a
 * whitelist even then.
 */
import { endpoints } from './endpoint.ts';
import type { Path } from './finding.ts';
import type { LooseEntry, LooseSource, LooseSpec, LooseSyscall } from './loose-spec.ts';
import { inherit, noMeaning, readMeaning } from './meaning.ts';
import type { Meaning, Reporter } from './meaning.ts';
import type { Pattern, PolicyId, Rule, RuleClass } from './rule.ts';
import { capabilityWord, deviceClassWord, domainWord, protocolWord } from './words.ts';

type Subject = Pick<Rule, 'class' | 'pattern'> & Partial<Rule>;

export function readRules(
  id: PolicyId,
  spec: LooseSpec,
  outer: Meaning,
  reporter: Reporter,
  maxRules: number,
): readonly Rule[] {
  const reader = new RuleReader(id, outer, reporter, maxRules);
  for (const section of ['process', 'file'] as const) {
    const ruleClass = section === 'process' ? 'exec' : 'file';
    reader.entries(section, 'matchPaths', spec[section], (entry) => namedObjects(ruleClass, entry));
    reader.entries(section, 'matchDirectories', spec[section], ({ dir, recursive = false }) =>
      dir ? [{ class: ruleClass, pattern: directory(dir, recursive) }] : [],
    );
    reader.entries(section, 'matchPatterns', spec[section], ({ pattern }) =>
      pattern ? [{ class: ruleClass, pattern: { kind: 'glob', glob: pattern } }] : [],
    );
  }
  reader.entries('network', 'matchProtocols', spec.network, ({ protocol }) =>
    words('network', protocol, protocolWord),
  );
  reader.entries('network', 'matchEndpoints', spec.network, (entry, path) =>
    endpoints(entry, path, reporter).map((pattern) => ({ class: 'network', pattern })),
  );
  reader.entries('network', 'matchDNSQueries', spec.network, ({ domain }) =>
    words('dns', domain, domainWord),
  );
  reader.entries('capabilities', 'matchCapabilities', spec.capabilities, ({ capability }) =>
    words('capability', capability, capabilityWord),
  );
  reader.syscalls(spec);
  reader.devices(spec);
  return reader.rules;
}

class RuleReader {
  readonly rules: Rule[] = [];
  readonly #id: PolicyId;
  readonly #outer: Meaning;
  readonly #reporter: Reporter;
  readonly #maxRules: number;

  constructor(id: PolicyId, outer: Meaning, reporter: Reporter, maxRules: number) {
    this.#id = id;
    this.#outer = outer;
    this.#reporter = reporter;
    this.#maxRules = maxRules;
  }

  entries<List extends string>(
    section: string,
    list: List,
    content: ((Meaning | object) & { readonly [L in List]?: readonly LooseEntry[] }) | undefined,
    subjectsOf: (entry: LooseEntry, path: Path) => readonly Subject[],
  ): void {
    const outer = this.#section(section, content);
    for (const [i, entry] of (content?.[list] ?? []).entries()) {
      const path = ['spec', section, list, i];
      const meaning = inherit(readMeaning(entry, path, this.#reporter), outer);
      const flags = flagsOf(entry);
      const subjects = subjectsOf(entry, path);
      if (subjects.length === 0) this.#empty(path, 'names nothing to match');
      for (const subject of subjects) {
        for (const source of this.#sources(entry.fromSource, path)) {
          this.#add({ ...flags, ...subject, ...source }, meaning, path);
        }
      }
    }
  }

  syscalls(spec: LooseSpec): void {
    // The action of the policy does not reach system call rules: they only report.
    const meaning: Meaning = { ...this.#section('syscalls', spec.syscalls), action: 'Audit' };
    for (const list of ['matchSyscalls', 'matchPaths'] as const) {
      for (const [i, entry] of (spec.syscalls?.[list] ?? []).entries()) {
        const path = ['spec', 'syscalls', list, i];
        if (list === 'matchPaths' && !entry.path) this.#empty(path, 'names no path');
        else this.#syscall(entry, meaning, path);
      }
    }
  }

  #syscall(entry: LooseSyscall, meaning: Meaning, path: Path): void {
    if (entry.syscall === undefined || entry.syscall.length === 0) this.#empty(path, 'names no system call');
    const target = entry.path ? { target: pathOrDirectory(entry.path, entry.recursive ?? false) } : {};
    for (const call of entry.syscall ?? []) {
      for (const source of this.#syscallSources(entry.fromSource, path)) {
        this.#add(
          { class: 'syscall', pattern: word(call.toLowerCase()), ...target, ...source },
          meaning,
          path,
        );
      }
    }
  }

  devices(spec: LooseSpec): void {
    const outer = this.#section('device', spec.device);
    for (const [i, entry] of (spec.device?.matchDevice ?? []).entries()) {
      const path = ['spec', 'device', 'matchDevice', i];
      const { subClass, protocol, level } = entry;
      const device = {
        ...(subClass === undefined ? {} : { subClass }),
        ...(protocol === undefined ? {} : { protocol }),
        ...(level === undefined ? {} : { level }),
      };
      const meaning = inherit(readMeaning(entry, path, this.#reporter), outer);
      if (!entry.class) this.#empty(path, 'names no device class');
      else this.#add({ class: 'device', pattern: word(deviceClassWord(entry.class)), device }, meaning, path);
    }
  }

  readonly #sections = new Map<string, Meaning>();

  #section(name: string, content: object | undefined): Meaning {
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const own = content === undefined ? noMeaning : readMeaning(content, ['spec', name], this.#reporter);
    const meaning = inherit(own, this.#outer);
    this.#sections.set(name, meaning);
    return meaning;
  }

  #sources(sources: readonly LooseSource[] | undefined, path: Path): readonly Partial<Rule>[] {
    if (sources === undefined || sources.length === 0) return [{}];
    return sources.flatMap(({ path: source }, i) => {
      if (source) return [{ source }];
      this.#empty([...path, 'fromSource', i], 'names no executable and is left out');
      return [];
    });
  }

  #syscallSources(sources: readonly LooseSource[] | undefined, path: Path): readonly Partial<Rule>[] {
    if (sources === undefined || sources.length === 0) return [{}];
    return sources.flatMap(({ path: source, dir, recursive = false }, i) => {
      const found = [
        ...(source ? [{ source }] : []),
        ...(dir ? [{ sourceDirectory: { dir: withSlash(dir), recursive } }] : []),
      ];
      if (found.length === 0) this.#empty([...path, 'fromSource', i], 'names no executable and is left out');
      return found;
    });
  }

  #empty(path: Path, what: string): void {
    this.#reporter.warn('KA_POLICY_EMPTY_ENTRY', `the entry ${what}`, path);
  }

  #add(subject: Subject, { action, ...meaning }: Meaning, path: Path): void {
    if (this.rules.length > this.#maxRules) return;
    if (this.rules.length === this.#maxRules) {
      this.#reporter.error('KA_POLICY_TOO_MANY', `the policy has more than ${this.#maxRules} rules`, path);
    }
    const place = this.#reporter.placeOf(path);
    this.rules.push({
      ownerOnly: false,
      readOnly: false,
      onlyTerminal: false,
      ...subject,
      action: action ?? 'Block',
      ...meaning,
      policy: this.#id,
      ...(place === undefined ? {} : { place }),
    });
  }
}

function flagsOf(entry: LooseEntry): Partial<Rule> {
  return {
    ownerOnly: entry.ownerOnly ?? false,
    readOnly: entry.readOnly ?? false,
    // `pts` has three states: only an explicit false limits the rule to terminals.
    onlyTerminal: entry.pts === false,
  };
}

function namedObjects(
  ruleClass: RuleClass,
  { path, execname, allowedArgs = [] }: LooseEntry,
): readonly Subject[] {
  const args = ruleClass === 'exec' && allowedArgs.length > 0 ? { allowedArgs } : {};
  return [
    ...(path ? [{ class: ruleClass, pattern: { kind: 'exact', path } as const, ...args }] : []),
    ...(execname
      ? [{ class: ruleClass, pattern: { kind: 'execname', name: execname } as const, ...args }]
      : []),
  ];
}

const directory = (dir: string, recursive: boolean): Pattern => ({
  kind: 'directory',
  dir: withSlash(dir),
  recursive,
});

const pathOrDirectory = (path: string, recursive: boolean): Pattern =>
  path.endsWith('/') ? directory(path, recursive) : { kind: 'exact', path };

const withSlash = (dir: string): string => (dir.endsWith('/') ? dir : `${dir}/`);

const word = (text: string): Pattern => ({ kind: 'word', word: text });

/** Comma lists are always expanded; agents do so only when the first entry of the list has a comma. */
function words(
  ruleClass: RuleClass,
  text: string | undefined,
  normalise: (item: string) => string,
): readonly Subject[] {
  const items = (text ?? '').replaceAll(' ', '').split(',').map(normalise);
  return items.filter((item) => item !== '').map((item) => ({ class: ruleClass, pattern: word(item) }));
}
