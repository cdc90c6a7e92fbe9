import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A file that the configuration names can't be used. */
export class GatewayConfigError extends Error {
  override readonly name = 'GatewayConfigError';
  readonly code = 'gateway-config';
}

/** @param what names it in messages @throws GatewayConfigError */
export function readText(baseDirectory: string, file: string, what: string): string {
  try {
    return readFileSync(resolve(baseDirectory, file), 'utf8');
  } catch (error) {
    throw new GatewayConfigError(`${what}: ${(error as Error).message}`);
  }
}
