import { until } from './until.ts';

it('ends when the probe says so, however often it has to look', async () => {
  let looks = 0;
  await until(() => ++looks === 3);
  expect(looks).toBe(3);
});

it('gives up and says what it waited for', async () => {
  const door = { isOpen: false };
  await expect(until(() => door.isOpen, 10)).rejects.toThrow(/not within 10 ms: .*door\.isOpen/);
});

it('passes on what the probe throws', async () => {
  const broken = (): Promise<boolean> => Promise.reject(new Error('no door'));
  await expect(until(broken)).rejects.toThrow('no door');
});
