/** Named alone, so that a bundler can leave out the hundreds of API classes beside it. */
export { KubeConfig } from '@kubernetes/client-node';
