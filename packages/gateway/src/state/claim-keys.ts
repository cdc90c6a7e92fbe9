import { randomBytes } from 'node:crypto';
import { KEY_TAG, type MetaTag, nodeKey, parseIoTDisco } from '@thingward/things';
import type { ThingConfig } from '../config.ts';
import type { StateDatabase } from './state-database.ts';

/**
 * What a Thing registers with: its configured tags, and a KEY. One that is not configured is made once, of 128 random bits, and kept: it
 * is on the label that the owner scans. One whose label was printed before has the tags of that.
 */
export function metaTagsOf(thing: ThingConfig, database: StateDatabase): readonly MetaTag[] {
  const { account, node, name, tags, claim } = thing;
  if (claim !== undefined) return parseIoTDisco(claim);
  const configured = Object.entries(tags).map(([tag, value]): MetaTag => {
    const upper = tag.toUpperCase();
    return typeof value === 'number' ? { name: upper, type: 'num', value } : { name: upper, type: 'str', value };
  });
  const has = (tag: string) => configured.some((other) => other.name === tag);
  return [
    ...(has('NAME') ? [] : [{ name: 'NAME', type: 'str', value: name } as const]),
    ...configured,
    ...(has(KEY_TAG)
      ? []
      : [{ name: KEY_TAG, type: 'str', value: storedKey(database, account.jid.toString(), nodeKey(node)) } as const]),
  ];
}

function storedKey(database: StateDatabase, account: string, node: string): string {
  database
    .prepare('INSERT INTO claim_key (account, node, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    .run(account, node, randomBytes(16).toString('hex'));
  const row = database.prepare('SELECT value FROM claim_key WHERE account = ? AND node = ?').get(account, node);
  return (row as { value: string }).value;
}
