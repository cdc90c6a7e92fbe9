import type { Logger } from '@thingward/xmpp';
import type { GuardDecision } from '../guard-decision.ts';

/** What one tag of an event holds, and how many of them a packet may take. @see XEP-0337 */
const PART = 480;
const MAX_PARTS = 6;

/** Tells the log, and so the log of events, what was unusual, with the packet. */
export function logUnusual(log: Logger, { unusual = [], decisive, outcome, enforcer, packet }: GuardDecision): void {
  if (unusual.length === 0) return;
  const parts = packet ? partsOf(packet()) : {};
  for (const { signal, principal, thing, text } of unusual) {
    const details = { account: principal, node: thing, signal, outcome, enforcer, action: decisive.action, ...parts };
    log.warn(details, text);
  }
}

function partsOf(text: string): Readonly<Record<string, string>> {
  const parts: Record<string, string> = {};
  for (let i = 0; i * PART < text.length && i < MAX_PARTS; i++) {
    parts[i === 0 ? 'packet' : `packet${i + 1}`] = text.slice(i * PART, (i + 1) * PART);
  }
  if (text.length > MAX_PARTS * PART) parts.packetLength = String(text.length);
  return parts;
}
