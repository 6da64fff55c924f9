/** What a runtime tells about one container, before any meaning is given to it. */
export interface ContainerFacts {
  /** `containerd` also stands for Docker, whose containers live in containerd's namespace `moby`. */
  readonly engine: 'containerd' | 'runc';
  /** containerd's namespace, or the name of the root directory for plain runc. */
  readonly engineNamespace: string;
  readonly id: string;
  /** The user's own name for the container when the engine keeps one apart from its labels (Docker). */
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly image: string;
  /** `linux.cgroupsPath` of the OCI spec, '' when it has none. */
  readonly cgroupsPath: string;
  /** Init process in the host's pid namespace, while there is one. */
  readonly pid?: number;
}

/** Facts are compared by content: a repeated listing that says nothing new is no change. */
export function sameFacts(a: ContainerFacts, b: ContainerFacts): boolean {
  return (
    a.engine === b.engine &&
    a.engineNamespace === b.engineNamespace &&
    a.id === b.id &&
    a.name === b.name &&
    a.image === b.image &&
    a.cgroupsPath === b.cgroupsPath &&
    a.pid === b.pid &&
    sameRecord(a.labels, b.labels) &&
    sameRecord(a.annotations, b.annotations)
  );
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** The same container or workload once its processes are gone. */
export function withoutPid<T extends { readonly pid?: number }>(running: T): Omit<T, 'pid'> {
  const stopped: { pid?: number } & Omit<T, 'pid'> = { ...running };
  delete stopped.pid;
  return stopped;
}
