import { randomUUID } from 'node:crypto';
import { type Element, xml } from '@thingward/xml';
import {
  DATA_FORM_NAMESPACE,
  DataFormError,
  decodeDataForm,
  encodeDataForm,
  formValues,
  StanzaError,
} from '@thingward/xmpp';
import { formTypeField } from './config-option.ts';
import { PUBSUB, SUBSCRIBE_AUTHORIZATION } from './namespaces.ts';

/** Ad-hoc commands. @see XEP-0050 */
export const COMMANDS = 'http://jabber.org/protocol/commands';
export const GET_PENDING = `${PUBSUB}#get-pending`;

/** What an owner asks of the command: a list of nodes, the requests at one of them, or nothing more. @see XEP-0060 §8.7 */
export type PendingCommand =
  | { readonly kind: 'list' }
  | { readonly kind: 'node'; readonly node: string; readonly sessionId: string | undefined }
  | { readonly kind: 'cancel'; readonly sessionId: string | undefined };

/** @throws StanzaError */
export function decodePendingCommand(command: Element): PendingCommand {
  if (command.attribute('node') !== GET_PENDING) throw new StanzaError('item-not-found', 'there is no such command');
  const sessionId = command.attribute('sessionid');
  if (command.attribute('action') === 'cancel') return { kind: 'cancel', sessionId };
  const x = command.child('x', DATA_FORM_NAMESPACE);
  if (!x) return { kind: 'list' };
  try {
    const [node] = formValues(decodeDataForm(x), 'pubsub#node') ?? [];
    if (!node) throw new StanzaError('bad-request', 'the form names no node');
    return { kind: 'node', node, sessionId };
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}

/** The form in which the owner chooses one of its nodes. @see XEP-0060 §8.7.2 */
export function encodePendingNodes(nodes: readonly string[]): Element {
  const options = nodes.map((value) => ({ value }));
  const form = encodeDataForm({
    type: 'form',
    fields: [
      formTypeField(SUBSCRIBE_AUTHORIZATION),
      { var: 'pubsub#node', type: 'list-single', label: 'Node with pending subscriptions', options },
    ],
  });
  const actions = xml('actions', { execute: 'complete' }, xml('complete'));
  return commandElement({ sessionid: randomUUID(), status: 'executing' }, nodes.length > 0 ? [actions, form] : [form]);
}

export function encodePendingDone(sessionid: string | undefined, status: 'completed' | 'canceled'): Element {
  return commandElement({ sessionid, status }, []);
}

function commandElement(
  attributes: { readonly sessionid: string | undefined; readonly status: string },
  content: readonly Element[],
): Element {
  return xml('command', { xmlns: COMMANDS, node: GET_PENDING, ...attributes }, content);
}
