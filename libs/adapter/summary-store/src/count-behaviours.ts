import { behaviourOf, eventTimeMs, workloadOf } from '@kubearmor-ts/behaviour';
import type { Behaviour, Workload } from '@kubearmor-ts/behaviour';
import type { Alert, Log } from '@kubearmor-ts/proto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface BehaviourLimits {
  readonly maxWorkloads: number;
  readonly maxBehavioursPerWorkload: number;
  readonly maxBehaviours: number;
}

interface Delta {
  readonly workload: Workload;
  readonly behaviour: Behaviour;
  count: number;
  firstMs: number;
  lastMs: number;
}

interface KnownWorkload {
  readonly id: number;
  behaviours: number;
}

const other = '(other)';
/** A row and its three index entries, beside its texts, which are there twice. */
const rowBytes = 200;
/** Keys of behaviours whose row is known: beyond it rows are looked up again. */
const maxKnown = 50_000;

const otherWorkload: Workload = {
  cluster: '',
  host: '',
  namespace: other,
  ownerKind: '',
  ownerName: other,
  container: other,
};

/**
 * What workloads do, with how often, first and last.
 *
 *  1. The counts of all behaviours ever added sum up to the number of events.
 *  2. Beyond the limits new behaviours of a workload count as its `(other)`, new workloads as one `(other)`.
 */
export class CountBehaviours {
  private readonly limits: BehaviourLimits;
  private readonly database: DatabaseSync;
  private total = { rows: 0, bytes: 0 };
  private readonly deltas = new Map<string, Delta>();
  private readonly workloads = new Map<string, KnownWorkload>();
  private readonly rows = new Map<string, number>();
  private readonly statements: Record<
    'findWorkload' | 'addWorkload' | 'countWorkloads' | 'setBehaviours' | 'find' | 'insert' | 'add',
    StatementSync
  >;

  constructor(database: DatabaseSync, limits: BehaviourLimits) {
    this.limits = limits;
    this.database = database;
    const key = 'class = ? AND source = ? AND target = ? AND detail = ? AND outcome = ?';
    this.statements = {
      findWorkload: database.prepare(
        'SELECT id, behaviours FROM workloads WHERE cluster = ? AND host = ? AND namespace = ? AND owner_kind = ?' +
          ' AND owner_name = ? AND container = ?',
      ),
      addWorkload: database.prepare(
        'INSERT INTO workloads (cluster, host, namespace, owner_kind, owner_name, container, behaviours)' +
          ' VALUES (?, ?, ?, ?, ?, ?, 0)',
      ),
      countWorkloads: database.prepare('SELECT count(*) AS count FROM workloads'),
      setBehaviours: database.prepare('UPDATE workloads SET behaviours = ? WHERE id = ?'),
      find: database.prepare(`SELECT id FROM behaviours WHERE workload = ? AND ${key}`),
      insert: database.prepare(
        'INSERT INTO behaviours (workload, class, source, target, detail, outcome, count, first_ms, last_ms,' +
          ' received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ),
      add: database.prepare(
        'UPDATE behaviours SET count = count + ?, first_ms = min(first_ms, ?), last_ms = max(last_ms, ?),' +
          ' received_ms = ? WHERE id = ?',
      ),
    };
    this.measure();
  }

  /** What the rows take in the database, about. */
  get bytes(): number {
    return this.total.bytes;
  }

  add(event: Alert | Log): void {
    const workload = workloadOf(event);
    const behaviour = behaviourOf(event);
    const key = JSON.stringify([Object.values(workload), Object.values(behaviour)]);
    const timeMs = eventTimeMs(event);
    const delta = this.deltas.get(key);
    if (delta === undefined) {
      this.deltas.set(key, { workload, behaviour, count: 1, firstMs: timeMs, lastMs: timeMs });
      return;
    }
    delta.count += 1;
    delta.firstMs = Math.min(delta.firstMs, timeMs);
    delta.lastMs = Math.max(delta.lastMs, timeMs);
  }

  /** Before the transaction ends. */
  flush(receivedMs: number): void {
    for (const [key, delta] of this.deltas) this.write(key, delta, receivedMs);
    this.deltas.clear();
  }

  /** After rows went away, or a transaction was rolled back. */
  forget(): void {
    this.deltas.clear();
    this.workloads.clear();
    this.rows.clear();
    this.measure();
  }

  private measure(): void {
    const row = this.database
      .prepare(
        'SELECT count(*) AS count, sum(length(source) + length(target) + length(detail)) AS texts FROM behaviours',
      )
      .get()!;
    const rows = Number(row['count']);
    this.total = { rows, bytes: 2 * Number(row['texts'] ?? 0) + rows * rowBytes };
  }

  private write(key: string, delta: Delta, receivedMs: number): void {
    const known = this.rows.get(key) ?? this.rowOf(delta, receivedMs);
    if (known === undefined) return;
    if (this.rows.size >= maxKnown) this.rows.clear();
    this.rows.set(key, known);
    this.statements.add.run(delta.count, delta.firstMs, delta.lastMs, receivedMs, known);
  }

  /** The row to add to; undefined when it was made with what there is to add. */
  private rowOf(
    { workload, behaviour, count, firstMs, lastMs }: Delta,
    receivedMs: number,
  ): number | undefined {
    const owner = this.workloadRow(workload);
    const find = (shown: Behaviour): number | undefined => {
      const row = this.statements.find.get(owner.id, ...behaviourKey(shown));
      return row === undefined ? undefined : Number(row['id']);
    };
    const found = find(behaviour);
    if (found !== undefined) return found;
    const isFull =
      owner.behaviours >= this.limits.maxBehavioursPerWorkload ||
      this.total.rows >= this.limits.maxBehaviours;
    const shown = isFull ? { ...behaviour, source: other, target: other, detail: '' } : behaviour;
    const rest = isFull ? find(shown) : undefined;
    if (rest !== undefined) {
      this.statements.add.run(count, firstMs, lastMs, receivedMs, rest);
      return undefined;
    }
    this.statements.insert.run(owner.id, ...behaviourKey(shown), count, firstMs, lastMs, receivedMs);
    owner.behaviours += 1;
    this.total.rows += 1;
    this.total.bytes += 2 * (shown.source.length + shown.target.length + shown.detail.length) + rowBytes;
    this.statements.setBehaviours.run(owner.behaviours, owner.id);
    return undefined;
  }

  private workloadRow(workload: Workload): KnownWorkload {
    const key = JSON.stringify(Object.values(workload));
    const known = this.workloads.get(key);
    if (known !== undefined) return known;
    const columns = workloadKey(workload);
    let row = this.statements.findWorkload.get(...columns);
    if (row === undefined) {
      const isFull = Number(this.statements.countWorkloads.get()!['count']) >= this.limits.maxWorkloads;
      if (isFull && workload !== otherWorkload) return this.workloadRow(otherWorkload);
      this.statements.addWorkload.run(...columns);
      row = this.statements.findWorkload.get(...columns)!;
    }
    const found = { id: Number(row['id']), behaviours: Number(row['behaviours']) };
    this.workloads.set(key, found);
    return found;
  }
}

const behaviourKey = ({ class: kind, source, target, detail, outcome }: Behaviour) =>
  [kind, source, target, detail, outcome] as const;

const workloadKey = ({ cluster, host, namespace, ownerKind, ownerName, container }: Workload) =>
  [cluster, host, namespace, ownerKind, ownerName, container] as const;
