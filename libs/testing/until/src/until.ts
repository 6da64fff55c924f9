const LOOK_AGAIN_MS = 2;

/** Resolves once `probe` says so; rejects with its source after `limitMs`. What it throws is passed on. */
export async function until(probe: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await probe())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${String(limitMs)} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
