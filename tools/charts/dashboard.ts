/** Grafana's model of a dashboard, as far as ours goes. */
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries' | 'row';
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: unknown;
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly refId: string;
  }[];
}

type Query = readonly [expr: string, legend: string];
interface Figure {
  readonly title: string;
  readonly says: string;
  readonly kind: 'stat' | 'timeseries';
  readonly unit: string;
  readonly queries: readonly Query[];
}

const stat = (title: string, says: string, expr: string, unit = 'short'): Figure => ({
  title,
  says,
  kind: 'stat',
  unit,
  queries: [[expr, '']],
});
const graph = (title: string, says: string, unit: string, ...queries: readonly Query[]): Figure => ({
  title,
  says,
  kind: 'timeseries',
  unit,
  queries,
});

const rows: readonly (readonly [string, readonly Figure[]])[] = [
  [
    'Enforcement',
    [
      stat('Enforcing nodes', 'Nodes whose enforcer serves.', 'sum(ka_agent_enforcer_up)'),
      stat('Workloads', 'Containers that agents know.', 'sum(ka_agent_workloads)'),
      stat(
        'Not as they should be',
        'Workloads whose rules are not in force.',
        'sum(ka_agent_workloads_failing)',
      ),
      stat(
        'Unusable policies',
        'Policies that could not be read, most on one node.',
        'max(ka_agent_policy_problems)',
      ),
      graph('Alerts', 'Alerts that agents offered, by node.', 'ops', [
        'sum by (node) (rate(ka_agent_alerts_published_total[5m]))',
        '{{node}}',
      ]),
      graph(
        'Compiling',
        'Share of a second spent compiling policies, and plans refused.',
        'short',
        ['sum by (node) (rate(ka_agent_plan_compile_milliseconds_total[5m])) / 1000', '{{node}} busy'],
        ['sum by (node) (rate(ka_agent_plans_refused_total[5m]))', '{{node}} refused'],
      ),
      graph('Kernel memory of rules', 'Used share of the arena.', 'percentunit', [
        'ka_kernel_arena_used_bytes / ka_kernel_arena_bytes',
        '{{node}}',
      ]),
      graph('Kernel tables', 'Used share of the workload table.', 'percentunit', [
        'ka_agent_workloads / ka_agent_workloads_limit',
        '{{node}}',
      ]),
    ],
  ],
  [
    'Events',
    [
      graph(
        'Lost on nodes',
        'Records that never reached the agent, and events it forgot before a relay had them.',
        'ops',
        ['sum by (node) (rate(ka_agent_events_lost_total[5m]))', '{{node}} kernel'],
        ['sum by (node, kind) (rate(ka_agent_replay_dropped_total[5m]))', '{{node}} {{kind}}'],
      ),
      graph('Taken by the relay', 'Messages of all agents.', 'ops', [
        'sum by (kind) (rate(ka_relay_taken_total[5m]))',
        '{{kind}}',
      ]),
      graph('Agents without a stream', 'Agents the relay knows of and does not hear.', 'short', [
        'count(ka_relay_agent_connected == 0) or vector(0)',
        'agents',
      ]),
      graph('Sinks behind', 'Events a sink has yet to read.', 'short', ['ka_relay_sink_lag', '{{sink}}']),
      graph(
        'Sinks: delivered and lost',
        'Accepted by the receiver; refused, given up or cut from the journal.',
        'ops',
        ['sum by (sink) (rate(ka_relay_sink_delivered_total[5m]))', '{{sink}} delivered'],
        [
          'sum by (sink) (rate(ka_relay_sink_rejected_total[5m]) + rate(ka_relay_sink_gave_up_total[5m]) + rate(ka_relay_sink_cut_total[5m]))',
          '{{sink}} lost',
        ],
      ),
      graph(
        'Journal',
        'Size on disk, and in memory.',
        'bytes',
        ['ka_relay_journal_disk_bytes', 'disk'],
        ['ka_relay_journal_memory_bytes', 'memory'],
      ),
    ],
  ],
];

function panels(): readonly Panel[] {
  const made: Panel[] = [];
  let y = 0;
  for (const [title, figures] of rows) {
    made.push({
      id: made.length + 1,
      title,
      description: '',
      type: 'row',
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    let x = 0;
    for (const figure of figures) {
      const [w, h] = figure.kind === 'stat' ? [6, 4] : [12, 8];
      if (x + w > 24) x = 0;
      made.push({
        id: made.length + 1,
        title: figure.title,
        description: figure.says,
        type: figure.kind,
        gridPos: { x, y, w, h },
        datasource: { type: 'prometheus', uid: '${datasource}' },
        fieldConfig: { defaults: { unit: figure.unit, min: 0 }, overrides: [] },
        targets: figure.queries.map(([expr, legendFormat], index) => ({
          expr,
          legendFormat,
          refId: String.fromCharCode(65 + index),
        })),
      });
      x += w;
      if (x === 24) y += h;
    }
    if (x !== 24) y += 8;
  }
  return made;
}

export const dashboard = {
  uid: 'kubearmor',
  title: 'KubeArmor',
  description: 'Is everything enforced, and does every event arrive?',
  tags: ['kubearmor', 'security'],
  schemaVersion: 39,
  editable: false,
  refresh: '1m',
  time: { from: 'now-6h', to: 'now' },
  templating: {
    list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }],
  },
  panels: panels(),
} as const;
