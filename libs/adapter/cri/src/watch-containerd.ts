import type { ClientReadableStream } from '@grpc/grpc-js';
import type { CodedError } from '@kubearmor-ts/result';
import { toWorkloadKey } from '@kubearmor-ts/workload';
import type { ContainerFacts } from '@kubearmor-ts/workload';
import { ContainerdClient } from './containerd-client.ts';
import type { Envelope } from './generated/containerd/events.ts';
import { ContainerChange, TaskDelete, TaskStart } from './generated/containerd/payloads.ts';
import type { RuntimeUpdate } from './runtime-update.ts';
import { waitOrAbort } from './wait-or-abort.ts';

export interface ContainerdWatchOptions {
  readonly socket: string;
  /** Docker's data root, where it keeps names and labels. */
  readonly dockerRoot: string;
  /** Full listings between events catch what an overflowing event queue in containerd may have dropped. */
  readonly relistMs: number;
  readonly callMs: number;
  readonly retryMs: readonly [first: number, longest: number];
}

/** Follows containerd until `signal` aborts; a containerd that is away, restarting or hanging is awaited. */
export async function* watchContainerd(
  options: ContainerdWatchOptions,
  signal: AbortSignal,
): AsyncGenerator<RuntimeUpdate, void, undefined> {
  let retryMs = options.retryMs[0];
  while (!signal.aborted) {
    const client = new ContainerdClient(options.socket, options.dockerRoot, options.callMs);
    const onAbort = (): void => client.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const update of followOnce(client, options.relistMs, signal)) {
        retryMs = options.retryMs[0];
        yield update;
      }
    } catch (cause) {
      if (!signal.aborted) yield { kind: 'down', error: toDown(options.socket, cause) };
    } finally {
      signal.removeEventListener('abort', onAbort);
      client.close();
    }
    if (signal.aborted) return;
    await waitOrAbort(retryMs, signal);
    retryMs = Math.min(retryMs * 2, options.retryMs[1]);
  }
}

async function* followOnce(
  client: ContainerdClient,
  relistMs: number,
  signal: AbortSignal,
): AsyncGenerator<RuntimeUpdate, void, undefined> {
  /* Subscribing before listing: what happens between the two is seen twice rather than never. */
  const stream: ClientReadableStream<Envelope> = client.subscribe();
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const events = (stream as AsyncIterable<Envelope>)[Symbol.asyncIterator]();
    let next = settled(events.next());
    yield* listAll(client);
    while (!signal.aborted) {
      const timer = Promise.withResolvers<undefined>();
      const handle = setTimeout(() => timer.resolve(undefined), relistMs);
      const answer = await Promise.race([next, timer.promise]).finally(() => clearTimeout(handle));
      if (answer === undefined) {
        yield* listAll(client);
        continue;
      }
      if ('failure' in answer) throw answer.failure;
      if (answer.result.done === true) throw new Error('containerd ended the event stream');
      next = settled(events.next());
      yield* applyEvent(client, answer.result.value);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.on('error', () => undefined);
    stream.cancel();
  }
}

type Settled<T> = { readonly result: IteratorResult<T> } | { readonly failure: unknown };

/** A pending read that fails while a listing is under way must not become an unhandled rejection. */
function settled<T>(promise: Promise<IteratorResult<T>>): Promise<Settled<T>> {
  return promise.then(
    (result) => ({ result }),
    (failure: unknown) => ({ failure }),
  );
}

async function* listAll(client: ContainerdClient): AsyncGenerator<RuntimeUpdate, void, undefined> {
  const containers: ContainerFacts[] = [];
  for (const namespace of await client.namespaces()) {
    const [records, pids] = [await client.list(namespace), await client.pids(namespace)];
    for (const record of records) {
      const facts = await client.toFacts(namespace, record, pids.get(record.id));
      if (facts.ok) containers.push(facts.value);
      else yield { kind: 'unreadable', error: facts.error };
    }
  }
  yield { kind: 'listed', containers };
}

async function* applyEvent(
  client: ContainerdClient,
  { namespace, topic, event }: Envelope,
): AsyncGenerator<RuntimeUpdate, void, undefined> {
  const body = event?.value ?? new Uint8Array();
  switch (topic) {
    case '/containers/create':
      yield* announce(client, namespace, ContainerChange.decode(body).id, undefined);
      return;
    case '/containers/update': {
      const { id } = ContainerChange.decode(body);
      yield* announce(client, namespace, id, (await client.pids(namespace)).get(id));
      return;
    }
    case '/containers/delete':
      yield {
        kind: 'gone',
        key: toWorkloadKey({ engineNamespace: namespace, id: ContainerChange.decode(body).id }),
      };
      return;
    case '/tasks/start': {
      const { container_id, pid } = TaskStart.decode(body);
      yield* announce(client, namespace, container_id, pid);
      return;
    }
    case '/tasks/delete': {
      const { container_id, id } = TaskDelete.decode(body);
      /* An id other than the container's is that of an additional process. */
      if (id === '' || id === container_id) {
        yield { kind: 'stopped', key: toWorkloadKey({ engineNamespace: namespace, id: container_id }) };
      }
      return;
    }
    default:
  }
}

async function* announce(
  client: ContainerdClient,
  namespace: string,
  id: string,
  pid: number | undefined,
): AsyncGenerator<RuntimeUpdate, void, undefined> {
  const record = await client.get(namespace, id);
  if (record === undefined) return;
  const facts = await client.toFacts(namespace, record, pid);
  yield facts.ok ? { kind: 'set', facts: facts.value } : { kind: 'unreadable', error: facts.error };
}

function toDown(socket: string, cause: unknown): CodedError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return {
    code: 'KA_CRI_CONTAINERD_DOWN',
    reason: 'ContainerRuntimeUnavailable',
    message: `containerd does not answer: ${text}; its containers keep the policies they have`,
    object: socket,
    cause,
  };
}
