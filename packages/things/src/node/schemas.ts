import type { SchemaFile } from '@thingward/xmpp/exi';
import { readSchemas } from '@thingward/xmpp/node';

const FOLDERS = [
  'battery',
  'broker',
  'control',
  'discovery',
  'event-log',
  'events',
  'history',
  'interoperability',
  'provisioning',
  'sensor-data',
  'tables',
];

/** The schemas of what Things speak: each is beside the codec of its namespace. */
export function thingSchemas(): readonly SchemaFile[] {
  // The package ships its sources: from src/node and from dist/node these are the same folders.
  const sources = new URL('../../src/', import.meta.url);
  return FOLDERS.flatMap((folder) =>
    readSchemas(new URL(`${folder}/`, sources)).map((file) => ({ ...file, location: `${folder}/${file.location}` })),
  );
}
