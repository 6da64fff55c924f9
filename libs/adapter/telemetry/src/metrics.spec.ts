import { Metrics, addProcessMetrics } from './index.ts';

test('numbers are read when asked for and printed as Prometheus text', () => {
  const metrics = new Metrics();
  let count = 0;
  metrics.counter('ka_relay_events_total', 'events taken', () => count);
  metrics.gauge('ka_relay_queue_size', 'by kind', () => [
    { labels: { kind: 'alerts' }, value: 3 },
    { labels: { kind: 'a"b\\c\nd' }, value: Number.POSITIVE_INFINITY },
  ]);
  count = 7;
  expect(metrics.render()).toBe(
    '# HELP ka_relay_events_total events taken\n# TYPE ka_relay_events_total counter\nka_relay_events_total 7\n' +
      '# HELP ka_relay_queue_size by kind\n# TYPE ka_relay_queue_size gauge\nka_relay_queue_size{kind="alerts"} 3\n' +
      'ka_relay_queue_size{kind="a\\"b\\\\c\\nd"} +Inf\n',
  );
});

test('a name is registered once and must be one', () => {
  const metrics = new Metrics();
  metrics.gauge('a', '', () => 1);
  expect(() => metrics.gauge('a', '', () => 1)).toThrow('metric a is there already');
  expect(() => metrics.counter('a b', '', () => 1)).toThrow('not a metric name: a b');
});

test('the process reports what it costs', () => {
  const metrics = new Metrics();
  addProcessMetrics(metrics);
  expect(metrics.render()).toMatch(/process_resident_memory_bytes \d{6,}/);
});
