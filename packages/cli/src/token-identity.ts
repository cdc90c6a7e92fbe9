import { readFileSync } from 'node:fs';
import type { TokenIdentity } from '@thingward/things';
import { tokenIdentityOf } from '@thingward/things/node';
import type { Command } from 'commander';
import { CommandError, UsageError } from './errors.ts';

/** Options of verbs that show a token for a certificate. */
export interface IdentityOptions {
  readonly certificate?: string;
  readonly key?: string;
}

export function addIdentityOptions(command: Command): Command {
  return command
    .option('--certificate <file>', 'X.509, in PEM: get a token for it, and show that; needs --key')
    .option('--key <file>', 'the RSA key of the certificate, in PEM');
}

/** The identity that options name; undefined when they name none. @throws UsageError, CommandError, TokenIdentityError */
export function identityOf({ certificate, key }: IdentityOptions): TokenIdentity | undefined {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) throw new UsageError('--certificate and --key go together');
  return tokenIdentityOf(textOf(certificate), textOf(key));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}
