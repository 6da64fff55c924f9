/** How the product names itself to every tool; receivers select on these, so they do not change. */
export const product = { vendor: 'KubeArmor', name: 'kubearmor-ts' } as const;
