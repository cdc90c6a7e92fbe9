import { type DataForm, formValues } from '@thingward/xmpp';
import {
  type ConfigOption,
  choices,
  flag,
  OptionError,
  type OptionValues,
  optionFields,
  parseOptions,
  requireFormType,
} from './config-option.ts';
import { SUBSCRIBE_OPTIONS } from './namespaces.ts';

/** States of presence that a subscriber may want to be notified in. @see XEP-0060 §16.4.2 */
export const SHOW_VALUES = ['away', 'chat', 'dnd', 'online', 'xa'] as const;
export type ShowValue = (typeof SHOW_VALUES)[number];

/** When a subscription ends: ms since 1970, `presence` for when the subscriber goes offline, undefined for never. */
export type Expiry = number | 'presence' | undefined;

const SHOW_LABELS: Readonly<Record<ShowValue, string>> = {
  away: 'Away',
  chat: 'Want to chat',
  dnd: 'Do not disturb',
  online: 'Available',
  xa: 'Extended away',
};

const OPTIONS = {
  deliver: flag('pubsub#deliver', 'Enable delivery?'),
  expire: expiry('pubsub#expire', 'When the subscription ends'),
};
const PRESENCE_OPTIONS = {
  ...OPTIONS,
  showValues: choices<ShowValue>('pubsub#show-values', 'Presence in which notifications are wanted', SHOW_LABELS),
};

/** What a subscriber wants. @see XEP-0060 §6.3 */
export type SubscriptionOptions = OptionValues<typeof PRESENCE_OPTIONS>;

export const DEFAULT_SUBSCRIPTION_OPTIONS: SubscriptionOptions = {
  deliver: true,
  expire: undefined,
  showValues: SHOW_VALUES,
};

/** @see XEP-0060 §6.3.3 */
export function encodeSubscriptionOptions(
  options: SubscriptionOptions,
  kind: 'form' | 'result',
  knowsPresence: boolean,
): DataForm {
  const table = knowsPresence ? PRESENCE_OPTIONS : OPTIONS;
  return { type: kind, fields: optionFields(table, options, SUBSCRIBE_OPTIONS, kind) };
}

/**
 * The options with what a submitted form changes. Fields that are not known, such as those of digests, are passed over.
 * @param latest the last instant at which the subscription may end; a later one is brought down to it (XEP-0060 §12.18)
 * @throws OptionError
 */
export function applySubscriptionOptions(
  form: DataForm,
  options: SubscriptionOptions,
  { knowsPresence, latest }: { readonly knowsPresence: boolean; readonly latest: number },
): SubscriptionOptions {
  requireFormType(form, SUBSCRIBE_OPTIONS);
  const given = parseOptions(knowsPresence ? PRESENCE_OPTIONS : OPTIONS, form);
  const changed = { ...options, ...given };
  if (changed.expire === 'presence' && !knowsPresence) {
    throw new OptionError('pubsub#expire', 'presence is not known here');
  }
  if (formValues(form, OPTIONS.expire.var) === undefined) return { ...changed, expire: options.expire };
  return typeof changed.expire === 'number' ? { ...changed, expire: Math.min(changed.expire, latest) } : changed;
}

/** @see XEP-0060 §12.5, §12.18, XEP-0082 */
function expiry(name: string, label: string): ConfigOption<Expiry> {
  return {
    var: name,
    type: 'text-single',
    label,
    parse: ([text = '', ...others]) => {
      if (others.length > 0) throw new OptionError(name, 'expected one value');
      if (text === '') return undefined;
      if (text === 'presence') return text;
      const isDateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text);
      const time = isDateTime ? Date.parse(text) : Number.NaN;
      if (Number.isNaN(time)) throw new OptionError(name, 'expected a date and time such as 2027-02-28T11:59:59Z');
      return time;
    },
    format: (value) => (value === undefined ? [] : [typeof value === 'number' ? new Date(value).toISOString() : value]),
  };
}
