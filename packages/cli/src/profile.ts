import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Connector, Jid, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { z } from 'zod';
import { findFile, loadConfigFile } from './config-file.ts';
import { CommandError } from './errors.ts';
import { CANDIDATES } from './paths.ts';

const registryAddress = z.string().transform((text, context) => {
  const jid = Jid.tryParse(text);
  if (jid && !jid.isFull) return jid;
  context.addIssue({ code: 'custom', message: `expected the address of a Thing Registry, got "${text}"` });
  return z.NEVER;
});

const profileSchema = z
  .strictObject({
    jid: z.string().transform((text, context) => {
      const jid = Jid.tryParse(text);
      if (jid?.local !== undefined) return jid;
      context.addIssue({ code: 'custom', message: `expected an account such as owner@example.org, got "${text}"` });
      return z.NEVER;
    }),
    /** Of the Thing Registry, where the server does not tell it. */
    registry: registryAddress.optional(),
    password: z.string().min(1).optional(),
    passwordFile: z.string().min(1).optional(),
    server: z
      .strictObject({
        host: z.string().min(1).optional(),
        port: z.number().int().min(1).max(65535).optional(),
        tls: z.enum(['starttls', 'direct', 'none']).default('starttls'),
        fingerprint: z.string().min(64).optional(),
        ca: z.string().min(1).optional(),
      })
      .prefault({}),
  })
  .refine(({ password, passwordFile }) => (password === undefined) !== (passwordFile === undefined), {
    message: 'needs exactly one of password and passwordFile',
  });

/** Who signs in where, for the verbs that talk to Things. */
export interface Profile {
  readonly jid: Jid;
  readonly password: string;
  readonly registry?: Jid | undefined;
  readonly connect: Connector;
  /** For messages. */
  readonly file: string;
}

/** @param given what --profile said @throws ConfigFileError, UsageError */
export function loadProfile(given: string | undefined): Profile {
  const file = findFile('profile', given, CANDIDATES.profile);
  const { jid, password, passwordFile, registry, server } = loadConfigFile(file, profileSchema);
  const read = (path: string) => {
    try {
      return readFileSync(resolve(dirname(file), path), 'utf8');
    } catch (error) {
      throw new CommandError(`${file}: ${(error as Error).message}`);
    }
  };
  const { host = jid.domain, tls, fingerprint, ca } = server;
  return {
    jid,
    registry,
    password: password ?? read(passwordFile as string).trim(),
    file,
    connect: tcpConnector({
      domain: jid.domain,
      host,
      port: server.port ?? (tls === 'direct' ? 5223 : 5222),
      tls,
      trust: { fingerprint, ca: ca === undefined ? undefined : read(ca) },
    }),
  };
}

/** Signs in. @throws CommandError saying who could not sign in and why */
export async function signIn(profile: Profile): Promise<XmppClient> {
  const { jid, password, connect, file } = profile;
  const client = new XmppClient({ jid: jid.bare, password, connect, tag: 'thingward' });
  client.start();
  try {
    await client.ready(AbortSignal.timeout(15_000));
    return client;
  } catch (error) {
    await client.stop();
    throw new CommandError(`${jid.bare} (${file}) can't sign in: ${(error as Error).message}`, { cause: error });
  }
}
