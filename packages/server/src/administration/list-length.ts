import { type CommandNote, commandError, type DataForm, type FormField } from '@thingward/xmpp';
import { optionalValue } from './admin-form.ts';

/** What a list may be cut to. @see XEP-0133 §4.18 */
const MAX_ITEMS = ['25', '50', '75', '100', '150', '200', 'none'];
/** What one stanza is to hold, whatever is asked for. */
const MOST_ITEMS = 2000;

export const MAX_ITEMS_FIELD: FormField = {
  var: 'max_items',
  type: 'list-single',
  label: 'Maximum number of items to show',
  options: MAX_ITEMS.map((value) => ({ label: value === 'none' ? 'None' : value, value })),
};

/** How many are wanted. @throws StanzaError `bad-payload` */
export function limitOf(form: DataForm): number {
  const text = optionalValue(form, 'max_items') ?? 'none';
  if (!MAX_ITEMS.includes(text)) throw commandError('bad-payload', `max_items is one of ${MAX_ITEMS.join(', ')}`);
  return text === 'none' ? MOST_ITEMS : Number(text);
}

/** Says that a list has an end before its end. */
export function truncation(isTruncated: boolean): readonly CommandNote[] {
  return isTruncated ? [{ type: 'warn', text: 'there are more than are shown' }] : [];
}
