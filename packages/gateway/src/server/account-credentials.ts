import { createSecureContext } from 'node:tls';
import type { AccountConfig } from '../config.ts';
import { GatewayConfigError, readText } from './config-files.ts';

/** What an account signs in with: a password, or a certificate with its key (PEM). */
export interface AccountCredentials {
  readonly password?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Reads what the configuration says of an account. @throws GatewayConfigError */
export function credentialsOf(account: AccountConfig, baseDirectory: string): AccountCredentials {
  const { jid, password, passwordFile, certificate, key } = account;
  if (password !== undefined) return { password };
  if (passwordFile !== undefined) {
    return { password: readText(baseDirectory, passwordFile, `passwordFile of ${jid}`).trim() };
  }
  const pem = {
    cert: readText(baseDirectory, certificate as string, `certificate of ${jid}`),
    key: readText(baseDirectory, key as string, `key of ${jid}`),
  };
  try {
    createSecureContext(pem);
  } catch (error) {
    throw new GatewayConfigError(`certificate of ${jid}: it and its key can't be used: ${(error as Error).message}`);
  }
  return { certificate: pem };
}
