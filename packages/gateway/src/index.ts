export { type GatewayConfig, type GatewayConfigInput, gatewayConfigSchema } from './config.ts';
export {
  Gateway,
  GatewayConfigError,
  type GatewayOptions,
  type GatewayStatus,
  gatewayLabels,
  type ThingLabel,
  type ThingStatus,
} from './gateway.ts';
export { StateError } from './state/state-database.ts';
