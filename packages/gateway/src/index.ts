export { Adapter, type AdapterAccountStatus, type AdapterOptions } from './adapters/adapter.ts';
export { type AdapterConfig, type AdapterConfigInput, adapterConfigSchema } from './adapters/config.ts';
export { pointListProblem, registerMapProblem } from './broker/point-documents.ts';
export { type GatewayConfig, type GatewayConfigInput, gatewayConfigSchema } from './config.ts';
export { DeviceConnections } from './drivers/connections.ts';
export {
  Gateway,
  type GatewayOptions,
  type GatewayStatus,
  gatewayLabels,
  type ThingLabel,
  type ThingStatus,
} from './gateway.ts';
export { BASELINE_FILE } from './guard/gateway-guard.ts';
export type {
  ChannelReading,
  NcapChannel,
  NcapTim,
  TransducerEvents,
  TransducerServices,
} from './ncap/transducer-services.ts';
export { GatewayConfigError } from './server/config-files.ts';
export { type PinnedCertificate, ServerPins } from './state/server-pin.ts';
export { openState, StateError } from './state/state-database.ts';
