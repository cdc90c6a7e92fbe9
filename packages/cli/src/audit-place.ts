import { dirname, join, resolve } from 'node:path';
import {
  type AuditRecord,
  auditFolder,
  auditKeyFiles,
  parseCheckpoint,
  publicKeyFile,
  readPublicKey,
} from '@thingward/guard';
import { AUDIT_CHECKPOINT, openServerDatabase, Settings } from '@thingward/server';
import { loadServerConfig } from './commands/serve.ts';
import { loadGatewayConfig } from './gateway-config.ts';
import { SERVICES } from './services.ts';

/** Where a log is said to be. */
export interface AuditPlaceOptions {
  readonly config?: string;
  readonly gateway?: string;
  readonly folder?: string;
  readonly publicKey?: string;
}

export interface AuditPlace {
  readonly folder: string;
  /** A file. */
  readonly publicKey: string;
  /** Of the pseudonyms, a file that may not be there; undefined for a folder by itself. */
  readonly pseudonymKey: string | undefined;
  /** The checkpoint the server keeps in its database. */
  kept(): Promise<AuditRecord | undefined>;
}

/** The audit log of a server, of a gateway, or of a folder. @throws ConfigFileError, UsageError */
export function auditPlace({ config, gateway, folder, publicKey }: AuditPlaceOptions): AuditPlace {
  if (folder !== undefined) return placeOf(resolve(folder), publicKey, undefined);
  if (gateway !== undefined) {
    const loaded = loadGatewayConfig(gateway);
    const absolute = (path: string) => resolve(dirname(loaded.file), path);
    const dataDir = absolute(loaded.config.dataDir);
    const { audit } = loaded.config;
    return placeOf(audit.folder ? absolute(audit.folder) : auditFolder(audit, dataDir), publicKey, dataDir);
  }
  const loaded = loadServerConfig(config);
  const place = placeOf(auditFolder(loaded.audit, loaded.dataDir), publicKey, loaded.dataDir);
  return {
    ...place,
    async kept() {
      const database = await openServerDatabase(loaded, SERVICES);
      try {
        const line = await new Settings(database.query).get(AUDIT_CHECKPOINT);
        return line === undefined ? undefined : parseCheckpoint(line, readPublicKey(place.publicKey));
      } finally {
        await database.close();
      }
    },
  };
}

function placeOf(folder: string, publicKey: string | undefined, dataDir: string | undefined): AuditPlace {
  return {
    folder,
    publicKey: publicKey ?? publicKeyFile(folder),
    pseudonymKey: dataDir === undefined ? undefined : auditKeyFiles(dataDir).pseudonyms,
    kept: async () => undefined,
  };
}

/** For who is told where it is. */
export function shownFile(folder: string, file: string | undefined, line: number | undefined): string {
  return file === undefined ? folder : `${join(folder, file)}${line === undefined ? '' : `:${line}`}`;
}
