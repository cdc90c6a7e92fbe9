import { type GatewayConfig, gatewayConfigSchema } from '@thingward/gateway';
import { findFile, loadConfigFile } from './config-file.ts';
import { CANDIDATES } from './paths.ts';

/** A gateway's configuration and where it was found. @throws ConfigFileError, UsageError */
export function loadGatewayConfig(given: string | undefined): { file: string; config: GatewayConfig } {
  const file = findFile('config', given, CANDIDATES.gateway);
  return { file, config: loadConfigFile(file, gatewayConfigSchema) };
}
