import { IEEE1451_NAMESPACE, Ieee1451Error } from '@thingward/ieee1451';
import { xml } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';

/** What went wrong at a TIM, as the answer to an MCAP. A lost answer to a write is said to be that. */
export function asStanzaError(error: unknown, isWrite: boolean): unknown {
  if (!(error instanceof Ieee1451Error)) return error;
  switch (error.code) {
    case 'malformed-xml':
    case 'limit-exceeded':
      return new StanzaError('bad-request', error.message);
    case 'refused':
      return new StanzaError('not-acceptable', `the TIM refused: ${error.message}`, { type: 'cancel' });
    case 'not-connected':
    case 'closed':
      // Nothing was sent, which has to be told apart from an answer that was lost.
      return new StanzaError('resource-constraint', 'the TIM is not connected now');
    default:
      break;
  }
  if (!isWrite) return new StanzaError('remote-server-timeout', `the TIM gave no answer: ${error.message}`);
  return new StanzaError('remote-server-timeout', `nobody knows what happened: ${error.message}`, {
    type: 'cancel',
    application: xml('outcome-unknown', { xmlns: IEEE1451_NAMESPACE }),
  });
}
