import { StanzaError } from '@thingward/xmpp';

/** How much a search may still cost, in tags that it walks along. It is counted, not timed: the same search always ends in the same way. */
export class SearchBudget {
  #left: number;

  constructor(tags: number) {
    this.#left = tags;
  }

  get left(): number {
    return this.#left;
  }

  /** @throws StanzaError not-acceptable when there is not so much left */
  spend(tags: number): void {
    this.#left -= tags;
    if (this.#left < 0) throw tooWide();
  }
}

export function tooWide(): StanzaError {
  return new StanzaError(
    'not-acceptable',
    'too many Things would have to be looked at: add a condition that fewer of them meet, or begin the mask with more characters',
  );
}
