import { unsignedOctets } from '../octets.ts';
import type { TimLink } from './link.ts';

/** Heartbeats in the time after which silence is a loss: two may get lost. */
const BEATS = 3;

/**
 * An NCAP's watch over a TIM: when nothing has come for a third of the time it sends a heartbeat, which the TIM sends back; when nothing has come
 * for all of it, it closes the link. Ends with the link.
 */
export function watchLink(link: TimLink, silenceMs: number): void {
  let heardAt = performance.now();
  const message = unsignedOctets(silenceMs, 4, 'the time of silence');
  const stepMs = silenceMs / BEATS;
  // It answers for our life as well: the TIM knows from the first how long it has to wait for us.
  link.send({ kind: 'heartbeat', sequence: 0, message }, { isAnswered: true });
  let beatAt = heardAt;
  const step = () => {
    const now = performance.now();
    const silentMs = now - heardAt;
    if (silentMs >= silenceMs) {
      link.close(`the TIM has been silent for ${Math.round(silentMs)} ms`);
      return;
    }
    // The TIM must hear of us, too, when only it speaks.
    if (silentMs >= stepMs || now - beatAt >= silenceMs / 2) {
      beatAt = now;
      link.send({ kind: 'heartbeat', sequence: 0, message }, { isAnswered: true });
    }
    timer = setTimeout(step, Math.max(1, Math.min(stepMs, silenceMs - silentMs)));
  };
  let timer = setTimeout(step, stepMs);
  link.on('frame', () => {
    heardAt = performance.now();
  });
  link.once('close', () => clearTimeout(timer));
}
