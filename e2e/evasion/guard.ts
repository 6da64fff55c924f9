import type { PolicyDocument } from './attack-policies.ts';
import type { Container } from './runc-container.ts';

/** A denial as the user is told about it. */
export interface GuardAlert {
  /** `DefaultPosture` where an allow-list denied. */
  readonly policy: string;
  /** Name of the container, or `host`. */
  readonly workload: string;
  /** `(unknown)` where its path is longer than the kernel programs can build. */
  readonly resource: string;
  /** Program and arguments of the process that was denied. */
  readonly source: string;
}

/** Something that puts policies in force in this kernel and tells what they denied. */
export interface Guard {
  /** Resolves when the container is known and its policies would be in force. */
  protect(container: Container): Promise<void>;
  /** Resolves when exactly these policies are in force. Allow-lists deny what they do not name. */
  apply(policies: readonly PolicyDocument[]): Promise<void>;
  /** Denials so far. */
  alerts(): readonly GuardAlert[];
  /** Denials that never became an alert, as counted by whoever lost them. */
  lostAlerts(): Promise<number>;
}
