import { credentials, Metadata } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { ContainerFacts } from '@kubearmor-ts/workload';
import { ContainersClient } from './generated/containerd/containers.ts';
import type { Container } from './generated/containerd/containers.ts';
import { EventsClient } from './generated/containerd/events.ts';
import type { Envelope } from './generated/containerd/events.ts';
import { NamespacesClient } from './generated/containerd/namespaces.ts';
import { TasksClient } from './generated/containerd/tasks.ts';
import { DOCKER_NAMESPACE, readDockerContainer } from './docker-container.ts';
import { parseOciSpec } from './oci-spec.ts';
import type { Result } from '@kubearmor-ts/result';
import { ok } from '@kubearmor-ts/result';

/** A spec holds the whole environment and mount table; containerd itself sends up to 16 MiB. */
const MESSAGE_BYTES_MAX = 16 << 20;
/** Values of containerd's task status that have a process: CREATED, RUNNING, PAUSED, PAUSING. */
const LIVE_TASK = new Set([1, 2, 4, 5]);
const FILTERS = ['topic~="^/containers/"', 'topic=="/tasks/start"', 'topic=="/tasks/delete"'];

/** One connection to containerd; made for one attempt and closed after it. */
export class ContainerdClient {
  readonly #containers: ContainersClient;
  readonly #events: EventsClient;
  readonly #namespaces: NamespacesClient;
  readonly #tasks: TasksClient;
  readonly #dockerRoot: string;
  readonly #callMs: number;
  readonly #pending = new Set<{ cancel(): void }>();

  /** `callMs` bounds every single answer: a stopped containerd accepts connections and stays silent. */
  constructor(socket: string, dockerRoot: string, callMs: number) {
    const address = `unix:${socket}`;
    const options = {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.enable_channelz': 0,
      'grpc.enable_retries': 0,
    };
    this.#containers = new ContainersClient(address, credentials.createInsecure(), options);
    const shared = { ...options, channelOverride: this.#containers.getChannel() };
    this.#events = new EventsClient(address, credentials.createInsecure(), shared);
    this.#namespaces = new NamespacesClient(address, credentials.createInsecure(), shared);
    this.#tasks = new TasksClient(address, credentials.createInsecure(), shared);
    this.#dockerRoot = dockerRoot;
    this.#callMs = callMs;
  }

  subscribe(): ClientReadableStream<Envelope> {
    return this.#events.subscribe({ filters: FILTERS });
  }

  close(): void {
    for (const call of this.#pending) call.cancel();
    this.#containers.close();
  }

  async namespaces(): Promise<readonly string[]> {
    const answer = await this.#unary<{ namespaces: { name: string }[] }>((callback) =>
      this.#namespaces.list({ filter: '' }, new Metadata(), this.#deadline(), callback),
    );
    return answer.namespaces.map((entry) => entry.name);
  }

  /** Live tasks of a namespace by container id. */
  async pids(namespace: string): Promise<ReadonlyMap<string, number>> {
    const answer = await this.#unary<{ tasks: { id: string; pid: number; status: number }[] }>((callback) =>
      this.#tasks.list({ filter: '' }, inNamespace(namespace), this.#deadline(), callback),
    );
    return new Map(
      answer.tasks.filter((task) => LIVE_TASK.has(task.status)).map((task) => [task.id, task.pid]),
    );
  }

  async list(namespace: string): Promise<readonly Container[]> {
    const containers: Container[] = [];
    const stream = this.#containers.listStream({ filters: [] }, inNamespace(namespace), this.#deadline());
    this.#pending.add(stream);
    try {
      for await (const message of stream as AsyncIterable<{ container?: Container | undefined }>) {
        if (message.container !== undefined) containers.push(message.container);
      }
    } finally {
      this.#pending.delete(stream);
    }
    return containers;
  }

  /** Undefined when the container is gone already. */
  async get(namespace: string, id: string): Promise<Container | undefined> {
    try {
      const answer = await this.#unary<{ container?: Container | undefined }>((callback) =>
        this.#containers.get({ id }, inNamespace(namespace), this.#deadline(), callback),
      );
      return answer.container;
    } catch (error) {
      if ((error as ServiceError).code === 5 /* NOT_FOUND */) return undefined;
      throw error;
    }
  }

  async toFacts(
    namespace: string,
    container: Container,
    pid: number | undefined,
  ): Promise<Result<ContainerFacts>> {
    const text = new TextDecoder().decode(container.spec?.value ?? new Uint8Array());
    const spec = parseOciSpec(text, `${namespace}/${container.id}`);
    if (!spec.ok) return spec;
    const docker =
      namespace === DOCKER_NAMESPACE ? await readDockerContainer(this.#dockerRoot, container.id) : undefined;
    return ok({
      engine: 'containerd',
      engineNamespace: namespace,
      id: container.id,
      ...(docker === undefined || docker.name === '' ? {} : { name: docker.name }),
      labels: { ...container.labels, ...docker?.labels },
      annotations: spec.value.annotations,
      image: container.image === '' ? (docker?.image ?? '') : container.image,
      cgroupsPath: spec.value.cgroupsPath,
      ...(pid === undefined ? {} : { pid }),
    });
  }

  #deadline(): { deadline: number } {
    return { deadline: Date.now() + this.#callMs };
  }

  #unary<T>(
    call: (callback: (error: ServiceError | null, answer: T) => void) => { cancel(): void },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const handle = call((error, answer) => {
        this.#pending.delete(handle);
        if (error === null) resolve(answer);
        else reject(error);
      });
      this.#pending.add(handle);
    });
  }
}

function inNamespace(namespace: string): Metadata {
  const metadata = new Metadata();
  metadata.set('containerd-namespace', namespace);
  return metadata;
}
