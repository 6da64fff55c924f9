/** One stanza of a Debian `Packages` index, as far as the lab needs it. */
export interface IndexedPackage {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly sha256: string;
}

/** Reads the stanzas whose package name matches; a stanza without file name or hash is left out. */
export function parsePackages(index: string, name: RegExp): IndexedPackage[] {
  const found: IndexedPackage[] = [];
  for (const stanza of index.split('\n\n')) {
    const field = (key: string): string | undefined => new RegExp(`^${key}: (.*)$`, 'm').exec(stanza)?.[1];
    const packageName = field('Package');
    if (packageName === undefined || !name.test(packageName)) continue;
    const version = field('Version');
    const filename = field('Filename');
    const sha256 = field('SHA256');
    if (version === undefined || filename === undefined || sha256 === undefined) continue;
    found.push({ name: packageName, version, filename, sha256 });
  }
  return found;
}

export function newestPackage(packages: readonly IndexedPackage[]): IndexedPackage | undefined {
  return [...packages].sort((a, b) => compareVersions(b.version, a.version))[0];
}

/** Order of Debian versions (deb-version(7)): epoch, then upstream and revision by alternating text and number runs. */
export function compareVersions(a: string, b: string): number {
  const [epochA, restA] = splitEpoch(a);
  const [epochB, restB] = splitEpoch(b);
  return epochA - epochB || compareRuns(restA, restB);
}

function splitEpoch(version: string): [number, string] {
  const colon = version.indexOf(':');
  return colon < 0 ? [0, version] : [Number(version.slice(0, colon)), version.slice(colon + 1)];
}

function compareRuns(a: string, b: string): number {
  const runsA = a.match(/\d+|\D+/g) ?? [];
  const runsB = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.max(runsA.length, runsB.length); i += 1) {
    const x = runsA[i] ?? '';
    const y = runsB[i] ?? '';
    const bothNumbers = /^\d+$/.test(x || '0') && /^\d+$/.test(y || '0');
    const order = bothNumbers ? Number(x || '0') - Number(y || '0') : compareText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** `~` sorts before everything, even the end; letters before other signs. */
function compareText(a: string, b: string): number {
  const rank = (char: string | undefined): number => {
    if (char === '~') return -1;
    if (char === undefined || /\d/.test(char)) return 0;
    return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
  };
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = rank(a[i]) - rank(b[i]);
    if (order !== 0) return order;
  }
  return 0;
}
