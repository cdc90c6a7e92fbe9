export { type MqttBridgeConfig, type MqttBridgeConfigInput, mqttBridgeConfigSchema } from './config.ts';
export { MqttBridge, type MqttBridgeOptions } from './mqtt-bridge.ts';
export { mqttBroker } from './mqtt-broker.ts';
