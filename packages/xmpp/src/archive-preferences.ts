import { type Element, xml } from '@thingward/xml';
import { ARCHIVE } from './archive.ts';
import { Jid } from './jid.ts';
import { StanzaError } from './stanza-error.ts';

/** Whose messages are archived when their address is in neither list. @see XEP-0441 §2.1.1 */
export const ARCHIVE_DEFAULTS = ['always', 'never', 'roster'] as const;
export type ArchiveDefault = (typeof ARCHIVE_DEFAULTS)[number];

/** @see XEP-0441 §2.1 */
export interface ArchivePreferences {
  readonly default: ArchiveDefault;
  readonly always: readonly Jid[];
  readonly never: readonly Jid[];
}

export function encodeArchivePreferences(preferences: ArchivePreferences): Element {
  const list = (name: 'always' | 'never') =>
    xml(
      name,
      {},
      preferences[name].map((jid) => xml('jid', {}, jid.toString())),
    );
  return xml('prefs', { xmlns: ARCHIVE, default: preferences.default }, list('always'), list('never'));
}

/** @throws StanzaError `bad-request`, `jid-malformed` */
export function decodeArchivePreferences(prefs: Element): ArchivePreferences {
  const given = prefs.attribute('default');
  const chosen = ARCHIVE_DEFAULTS.find((choice) => choice === given);
  if (chosen === undefined) {
    throw new StanzaError('bad-request', `the default is one of ${ARCHIVE_DEFAULTS.join(', ')}`);
  }
  return { default: chosen, always: decodeList(prefs.child('always')), never: decodeList(prefs.child('never')) };
}

function decodeList(list: Element | undefined): readonly Jid[] {
  return (list?.childrenNamed('jid') ?? []).map(({ text }) => {
    const jid = Jid.tryParse(text.trim());
    if (!jid) throw new StanzaError('jid-malformed', `"${text.slice(0, 100)}" is no address`);
    return jid;
  });
}
