import type { Posture, Postures } from './posture.ts';

/** Postures as users write them, per resource; absent where a level says nothing. */
export interface PostureTexts {
  readonly file?: string | undefined;
  readonly network?: string | undefined;
  readonly capabilities?: string | undefined;
}

export interface PostureSources {
  /** Annotations of the namespace. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Values that can change at run time (ConfigMap, KubeArmorConfig). */
  readonly config?: PostureTexts;
  /** Start-up flags. */
  readonly flags?: PostureTexts;
}

export interface PostureDecision {
  readonly postures: Postures;
  /** Annotation keys with a value that is no posture; the global value holds for them. */
  readonly invalidAnnotations: readonly string[];
}

export const postureAnnotations = {
  file: 'kubearmor-file-posture',
  network: 'kubearmor-network-posture',
  capabilities: 'kubearmor-capabilities-posture',
} as const;

type Resource = keyof typeof postureAnnotations;

/** The default posture of a namespace: annotation over config over flag, for each resource on its own; audit otherwise. */
export function decidePostures({
  annotations = {},
  config = {},
  flags = {},
}: PostureSources): PostureDecision {
  const invalidAnnotations: string[] = [];
  const decide = (resource: Resource): Posture => {
    const key = postureAnnotations[resource];
    const annotation = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    if (annotation !== undefined) {
      const posture = parsePosture(annotation);
      if (posture !== undefined) return posture;
      invalidAnnotations.push(key);
    }
    return globalPosture(config[resource] ?? flags[resource]);
  };
  const postures = { file: decide('file'), network: decide('network'), capabilities: decide('capabilities') };
  return { postures, invalidAnnotations };
}

/** `allow`, which only flags may say, acts like audit in the kernel (decision 15); so does any unknown value. */
const globalPosture = (text: string | undefined): Posture =>
  text?.toLowerCase() === 'block' ? 'block' : 'audit';

function parsePosture(text: string): Posture | undefined {
  const word = text.trim().toLowerCase();
  return word === 'audit' || word === 'block' ? word : undefined;
}
