// Written by tools/gen-crd.ts from schemas/*.yaml. Do not edit.
import type { SpecValidator } from '../spec-validator.ts';
export declare const admitKubeArmorClusterPolicy: SpecValidator;
export declare const typeKubeArmorClusterPolicy: SpecValidator;
export declare const admitKubeArmorHostPolicy: SpecValidator;
export declare const typeKubeArmorHostPolicy: SpecValidator;
export declare const admitKubeArmorNetworkPolicy: SpecValidator;
export declare const typeKubeArmorNetworkPolicy: SpecValidator;
export declare const admitKubeArmorPolicy: SpecValidator;
export declare const typeKubeArmorPolicy: SpecValidator;
export declare const admitKubeArmorConfig: SpecValidator;
export declare const typeKubeArmorConfig: SpecValidator;
