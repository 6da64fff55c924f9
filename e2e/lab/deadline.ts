/** The limit may grow while the work goes on, so it is looked at again and again until it is really reached. */
export async function withDeadline<T>(
  work: Promise<T>,
  limitMs: () => number,
  late: () => Promise<Error>,
): Promise<T> {
  const started = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      const left = started + limitMs() - Date.now();
      if (left <= 0) void late().then(reject, reject);
      else timer = setTimeout(look, Math.min(left, 500));
    };
    look();
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
