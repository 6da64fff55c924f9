import { existsSync, renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** Counts up when tables change; a database of another version is begun anew: it holds nothing that must live on. */
const schemaVersion = 1;

const schema = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, severity INTEGER NOT NULL,
    namespace TEXT NOT NULL, pod TEXT NOT NULL, container TEXT NOT NULL, policy TEXT NOT NULL,
    operation TEXT NOT NULL, action TEXT NOT NULL, type TEXT NOT NULL, host TEXT NOT NULL, bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX events_last ON events (last_seq);
  CREATE INDEX events_namespace ON events (namespace, seq);
  CREATE TABLE workloads (
    id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, host TEXT NOT NULL, namespace TEXT NOT NULL,
    owner_kind TEXT NOT NULL, owner_name TEXT NOT NULL, container TEXT NOT NULL, behaviours INTEGER NOT NULL,
    UNIQUE (cluster, host, namespace, owner_kind, owner_name, container)
  ) STRICT;
  CREATE TABLE behaviours (
    id INTEGER PRIMARY KEY, workload INTEGER NOT NULL, class TEXT NOT NULL, source TEXT NOT NULL,
    target TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    UNIQUE (workload, class, source, target, detail, outcome)
  ) STRICT;
  CREATE INDEX behaviours_workload ON behaviours (workload);
  CREATE INDEX behaviours_received ON behaviours (received_ms);
`;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Why the one that was there was moved aside. */
  readonly movedAside?: string;
}

/** The database at the path; one that cannot be used is moved aside and a new one begun. */
export function openDatabase(path: string): OpenedDatabase {
  try {
    return { database: openUsable(path) };
  } catch (failure) {
    if (path === ':memory:' || !isUnusable(failure)) throw failure;
    moveAside(path);
    return { database: openUsable(path), movedAside: reasonOf(failure) };
  }
}

/** True when the file itself is the trouble; space, permissions and locks are not. */
export function isUnusable(failure: unknown): boolean {
  if (failure instanceof OtherVersion) return true;
  const code = (failure as { errcode?: unknown }).errcode;
  // SQLITE_CORRUPT and SQLITE_NOTADB, with their extended forms.
  return typeof code === 'number' && ((code & 0xff) === 11 || (code & 0xff) === 26);
}

export const reasonOf = (failure: unknown): string =>
  failure instanceof Error ? failure.message : String(failure);

class OtherVersion extends Error {}

function openUsable(path: string): DatabaseSync {
  // Loaded here and not above: an app that carries this room loads SQLite, and hears its warning, only in the thread.
  const sqlite = process.getBuiltinModule('node:sqlite');
  const database = new sqlite.DatabaseSync(path);
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(
      'PRAGMA journal_size_limit = 8388608; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY',
    );
    const version = Number(database.prepare('PRAGMA user_version').get()!['user_version']);
    if (version === 0) {
      database.exec(`BEGIN; ${schema} PRAGMA user_version = ${String(schemaVersion)}; COMMIT`);
    } else if (version !== schemaVersion) {
      throw new OtherVersion(`its version is ${String(version)}, this program's ${String(schemaVersion)}`);
    }
    return database;
  } catch (failure) {
    database.close();
    throw failure;
  }
}

/** The one moved aside before is given up: trouble that repeats must not fill the disk. */
export function moveAside(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(`${path}.unusable${suffix}`, { force: true });
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.unusable${suffix}`);
  }
}
