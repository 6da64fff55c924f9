/** Which classes of events are reported. Enforcement does not depend on it. */
export interface Visibility {
  readonly process: boolean;
  readonly file: boolean;
  readonly network: boolean;
  readonly capabilities: boolean;
  readonly dns: boolean;
  readonly ima: boolean;
}

export const visibilityAnnotation = 'kubearmor-visibility';
export const defaultVisibility = 'process,file,network,capabilities';

/** Words may stand anywhere in the text; `none`, like any text without one of them, means nothing. */
export function parseVisibility(text: string): Visibility {
  return {
    process: text.includes('process'),
    file: text.includes('file'),
    network: text.includes('network'),
    capabilities: text.includes('capabilities'),
    dns: text.includes('dns'),
    ima: text.includes('ima'),
  };
}

/** The namespace's annotation replaces the global value. An annotation of the pod changes nothing: filtering is per namespace. */
export function decideVisibility(
  namespaceAnnotations: Readonly<Record<string, string>>,
  global = defaultVisibility,
): Visibility {
  const own = Object.hasOwn(namespaceAnnotations, visibilityAnnotation)
    ? namespaceAnnotations[visibilityAnnotation]
    : undefined;
  return parseVisibility(own ?? global);
}

/** Host visibility: `default` is nothing in Kubernetes and the four classes elsewhere. */
export function decideHostVisibility(
  nodeAnnotations: Readonly<Record<string, string>>,
  setting: string,
  { kubernetes }: { readonly kubernetes: boolean },
): Visibility {
  const fallback = setting !== 'default' ? setting : kubernetes ? 'none' : defaultVisibility;
  return decideVisibility(nodeAnnotations, fallback);
}
