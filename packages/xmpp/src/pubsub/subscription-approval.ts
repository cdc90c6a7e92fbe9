import { type DataForm, formValues } from '../data-form.ts';
import { Jid } from '../jid.ts';
import { SUBSCRIBE_AUTHORIZATION } from './namespaces.ts';
import { nodeOptionsForm } from './node-options.ts';

/** Somebody wants to subscribe, and an owner of the node is asked. @see XEP-0060 §8.6 */
export interface ApprovalRequest {
  readonly node: string;
  readonly jid: Jid;
  readonly subid: string | undefined;
}

/** Undefined for a form about something else. */
export function decodeApprovalRequest(form: DataForm): ApprovalRequest | undefined {
  const value = (name: string) => formValues(form, name)?.[0];
  if (form.type !== 'form' || value('FORM_TYPE') !== SUBSCRIBE_AUTHORIZATION) return undefined;
  const node = value('pubsub#node');
  const jid = Jid.tryParse(value('pubsub#subscriber_jid'));
  return node === undefined || jid === undefined ? undefined : { node, jid, subid: value('pubsub#subid') };
}

/** The answer to it, to be sent to the service in a message. */
export function encodeApproval({ node, jid, subid }: ApprovalRequest, allow: boolean): DataForm {
  return nodeOptionsForm(SUBSCRIBE_AUTHORIZATION, {
    ...(subid === undefined ? {} : { 'pubsub#subid': subid }),
    'pubsub#node': node,
    'pubsub#subscriber_jid': jid.toString(),
    'pubsub#allow': allow,
  });
}
