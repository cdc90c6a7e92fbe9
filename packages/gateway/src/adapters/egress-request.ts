import { type IqRequest, type Logger, StanzaError } from '@thingward/xmpp';

/** Whoever asked may not, or not so: nothing was tried. */
const REFUSALS: ReadonlySet<string> = new Set(['forbidden', 'not-allowed', 'policy-violation', 'bad-request']);

export function isRefusal({ condition }: StanzaError): boolean {
  return REFUSALS.has(condition);
}

/**
 * Tells the log of a refusal, with the packet as it came: who looks into it later wants to see it.
 * @param what the function that was asked for
 */
export function tellRefusal(log: Logger, { from, payload }: IqRequest, { text }: StanzaError, what: string): void {
  const details = { account: from.bare.toString(), reason: text, packet: payload.toString() };
  log.warn(details, `a request of ${from.bare} was refused: ${what}`);
}

/**
 * The line a request goes to.
 * @param name the one the request names; undefined: the only one that has the device
 * @param device what the device is called in errors, such as `unit 7`
 * @throws StanzaError when none has it, or several
 */
export function chosenLine<Line extends { readonly line: { readonly name: string } }>(
  lines: Iterable<Line>,
  name: string | undefined,
  device: string,
  has: (line: Line['line']) => boolean,
): Line {
  const candidates = [...lines].filter(({ line }) => (name === undefined || line.name === name) && has(line));
  const [found] = candidates;
  if (!found) throw new StanzaError('item-not-found', `there is no ${device}${name ? ` at line ${name}` : ''}`);
  if (candidates.length === 1) return found;
  const names = candidates.map(({ line }) => line.name).join(', ');
  throw new StanzaError('bad-request', `${device} is at several lines: name one of ${names}`);
}
