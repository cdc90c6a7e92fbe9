export type { ProvisioningSettings } from './authority.ts';
export * from './codec.ts';
export * from './service-codec.ts';
export * from './token-codec.ts';
