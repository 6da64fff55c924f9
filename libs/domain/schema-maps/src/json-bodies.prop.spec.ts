import { aLog, anAlert, hostileAlert, hostileLog } from '@kubearmor-ts/test-events';
import fc from 'fast-check';
import { bodyFormats, fitBody, isJsonFormat, toBody, toCloudEventAttributes, utf8Length } from './index.ts';

const anyEvent = fc.oneof(hostileAlert, hostileLog);
const jsonFormats = bodyFormats.filter(isJsonFormat);

test.each(jsonFormats)(
  '%s: whatever the texts hold, it is one line of JSON with the very value',
  (format) => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const line = toBody(format, event, 'id');
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u);
        expect(line.isWellFormed()).toBe(true);
        const parsed = JSON.parse(line) as Record<string, Record<string, unknown> | undefined>;
        const place = { json: parsed['Resource'], ecs: parsed['kubearmor']?.['resource'] }[format as 'json'];
        const resource = format.startsWith('ocsf') ? parsed['unmapped']?.['resource'] : place;
        expect(resource ?? '').toBe(event.Resource.toWellFormed());
      }),
    );
  },
);

test.each(bodyFormats)('%s: a body that must be short is short, whole and says what was cut', (format) => {
  const long = anAlert({
    Resource: `/data/${'é'.repeat(200_000)}`,
    EventData: Object.fromEntries(Array.from({ length: 5000 }, (_unused, n) => [`K${String(n)}`, 'v'])),
  });
  const fitted = fitBody(format, long, 'id', 4096);
  expect(fitted?.isCut ?? toBody(format, long, 'id').length < 4096).toBe(true);
  expect(Buffer.byteLength(fitted!.text)).toBeLessThanOrEqual(4096);
  expect(fitted!.text).toMatch(/\.\.\.\[\+\d+\]/);
  if (isJsonFormat(format)) expect(() => JSON.parse(fitted!.text) as unknown).not.toThrow();
  expect(fitBody(format, long, 'id', 100)).toBeUndefined();
  expect(fitBody(format, anAlert(), 'id', 100_000)).toEqual({
    text: toBody(format, anAlert(), 'id'),
    isCut: false,
  });
});

test('the length in UTF-8 is counted as it is encoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
  );
});

test('an envelope of CloudEvents names the event, its kind and its workload', () => {
  expect(toCloudEventAttributes(anAlert({ PodName: 'a/b c' }), 'id-1')).toEqual({
    specversion: '1.0',
    id: 'id-1',
    source: '/kubearmor/lab-north/edge-4',
    type: 'io.kubearmor.alert.v1',
    time: '2026-07-30T08:26:40.112233Z',
    subject: 'bakery/a%2Fb%20c/oven',
    datacontenttype: 'application/json',
  });
  expect(toCloudEventAttributes(aLog(), 'i').type).toBe('io.kubearmor.log.v1');
  fc.assert(
    fc.property(anyEvent, (event) => {
      const { source, subject = '' } = toCloudEventAttributes(event, 'i');
      expect(`${source}${subject}`).toMatch(/^[\x21-\x7e]+$/);
    }),
  );
});
