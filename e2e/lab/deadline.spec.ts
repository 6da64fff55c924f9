import { withDeadline } from './deadline.ts';

const late = async (): Promise<Error> => new Error('too late');

test('work in time gives its value', async () => {
  await expect(withDeadline(Promise.resolve(7), () => 10_000, late)).resolves.toBe(7);
});

test('work that never ends is refused when its limit is reached', async () => {
  await expect(withDeadline(new Promise(() => undefined), () => 0, late)).rejects.toThrow('too late');
});

test('a limit that has grown by the time it is reached holds the work longer', async () => {
  let asked = 0;
  const limit = (): number => {
    asked += 1;
    return asked === 1 ? 1 : 2;
  };
  await expect(withDeadline(new Promise(() => undefined), limit, late)).rejects.toThrow('too late');
  expect(asked).toBeGreaterThan(1);
});
