import { type DataForm, formValues, Jid } from '@thingward/xmpp';
import { formTypeField } from './config-option.ts';
import { SUBSCRIBE_AUTHORIZATION } from './namespaces.ts';

/** A subscription that waits for an owner. */
export interface PendingSubscription {
  readonly node: string;
  readonly jid: Jid;
  readonly subid: string;
}

/** What an owner says about it; undefined `allow`: nothing, it goes on waiting. */
export interface AuthorizationAnswer {
  readonly node: string;
  readonly jid: Jid;
  readonly subid: string | undefined;
  readonly allow: boolean;
}

/** The form an owner is asked with. @see XEP-0060 §8.6 */
export function encodeAuthorizationRequest({ node, jid, subid }: PendingSubscription): DataForm {
  return {
    type: 'form',
    title: 'PubSub subscriber request',
    instructions: [
      "To approve this entity's subscription request, click the OK button. To deny the request, click the cancel button.",
    ],
    fields: [
      formTypeField(SUBSCRIBE_AUTHORIZATION),
      { var: 'pubsub#subid', type: 'hidden', values: [subid] },
      { var: 'pubsub#node', type: 'text-single', label: 'Node ID', values: [node] },
      { var: 'pubsub#subscriber_jid', type: 'jid-single', label: 'Subscriber Address', values: [jid.toString()] },
      {
        var: 'pubsub#allow',
        type: 'boolean',
        label: 'Allow this JID to subscribe to this pubsub node?',
        values: ['false'],
      },
    ],
  };
}

/** An owner's answer; undefined for a cancelled form, which changes nothing, and for forms of another type. @see XEP-0060 §8.6 */
export function decodeAuthorizationAnswer(form: DataForm): AuthorizationAnswer | undefined {
  const value = (name: string) => formValues(form, name)?.[0];
  if (form.type !== 'submit' || value('FORM_TYPE') !== SUBSCRIBE_AUTHORIZATION) return undefined;
  const node = value('pubsub#node');
  const jid = Jid.tryParse(value('pubsub#subscriber_jid'));
  const allow = value('pubsub#allow');
  if (node === undefined || jid === undefined || allow === undefined) return undefined;
  return { node, jid, subid: value('pubsub#subid'), allow: allow === '1' || allow === 'true' };
}
