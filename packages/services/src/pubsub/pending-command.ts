import { randomUUID } from 'node:crypto';
import type { Element } from '@thingward/xml';
import { decodeCommandRequest, encodeCommandResponse, formValues, StanzaError } from '@thingward/xmpp';
import { formTypeField } from './config-option.ts';
import { PUBSUB, SUBSCRIBE_AUTHORIZATION } from './namespaces.ts';

export const GET_PENDING = `${PUBSUB}#get-pending`;

/** What an owner asks of the command: a list of nodes, the requests at one of them, or nothing more. @see XEP-0060 §8.7 */
export type PendingCommand =
  | { readonly kind: 'list' }
  | { readonly kind: 'node'; readonly node: string; readonly sessionId: string | undefined }
  | { readonly kind: 'cancel'; readonly sessionId: string | undefined };

/** @throws StanzaError */
export function decodePendingCommand(command: Element): PendingCommand {
  const { node: name, action, sessionId, form } = decodeCommandRequest(command);
  if (name !== GET_PENDING) throw new StanzaError('item-not-found', 'there is no such command');
  if (action === 'cancel') return { kind: 'cancel', sessionId };
  if (!form) return { kind: 'list' };
  const [node] = formValues(form, 'pubsub#node') ?? [];
  if (!node) throw new StanzaError('bad-request', 'the form names no node');
  return { kind: 'node', node, sessionId };
}

/** The form in which the owner chooses one of its nodes. @see XEP-0060 §8.7.2 */
export function encodePendingNodes(nodes: readonly string[]): Element {
  const choice = {
    var: 'pubsub#node',
    type: 'list-single',
    label: 'Node with pending subscriptions',
    options: nodes.map((value) => ({ value })),
  } as const;
  return encodeCommandResponse({
    node: GET_PENDING,
    sessionId: randomUUID(),
    status: 'executing',
    ...(nodes.length > 0 && {
      actions: { allowed: ['complete'], execute: 'complete' },
      form: { type: 'form', fields: [formTypeField(SUBSCRIBE_AUTHORIZATION), choice] },
    }),
  });
}

export function encodePendingDone(sessionId: string | undefined, status: 'completed' | 'canceled'): Element {
  return encodeCommandResponse({ node: GET_PENDING, sessionId: sessionId ?? randomUUID(), status });
}
