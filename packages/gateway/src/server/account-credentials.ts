import { createSecureContext } from 'node:tls';
import type { AccountConfig } from '../config.ts';
import type { OwnAccounts } from '../state/own-accounts.ts';
import { GatewayConfigError, readText } from './config-files.ts';

/** What an account signs in with: a password, or a certificate with its key (PEM). */
export interface AccountCredentials {
  readonly password?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** The account is to be made when it is not there yet, by an invitation where there is a token. @see XEP-0077, XEP-0445 */
  readonly registration?: { readonly token?: string | undefined };
}

/** Reads what the configuration says of an account. @throws GatewayConfigError */
export function credentialsOf(account: AccountConfig, baseDirectory: string, own: OwnAccounts): AccountCredentials {
  const { jid, password, passwordFile, certificate, key, register } = account;
  if (password !== undefined) return { password };
  if (passwordFile !== undefined) {
    return { password: readText(baseDirectory, passwordFile, `passwordFile of ${jid}`).trim() };
  }
  if (register !== undefined) {
    const file = register === true ? undefined : register.tokenFile;
    const text = file === undefined || own.isMade(jid) ? '' : readText(baseDirectory, file, `tokenFile of ${jid}`);
    return { password: own.password(jid), registration: { token: tokenIn(text) } };
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

/** An invitation may be given as its URI or as the token alone. @see XEP-0445 §2 */
function tokenIn(text: string): string | undefined {
  return (/[?;]preauth=([^;\s]+)/.exec(text)?.[1] ?? text.trim()) || undefined;
}
