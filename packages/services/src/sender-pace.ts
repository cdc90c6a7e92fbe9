/** How much each sender may still tell or do: a bucket that fills with time. Bounded in senders; who was silent longest is forgotten first. */
export class SenderPace {
  readonly #buckets = new Map<string, { readonly allowance: number; readonly at: number }>();
  readonly #options: { readonly burst: number; readonly perMinute: number; readonly senders: number };

  constructor(options: { readonly burst: number; readonly perMinute: number; readonly senders: number }) {
    this.#options = options;
  }

  /** Takes as many of the events, or whatever is counted, as the sender may have now. @param at in ms @returns how many */
  take(sender: string, events: number, at: number): number {
    const { burst, perMinute, senders } = this.#options;
    const before = this.#buckets.get(sender) ?? { allowance: burst, at };
    const elapsed = Math.max(0, at - before.at);
    const allowance = Math.min(burst, before.allowance + (elapsed * perMinute) / 60_000);
    const taken = Math.min(events, Math.floor(allowance));
    this.#buckets.delete(sender);
    this.#buckets.set(sender, { allowance: allowance - taken, at });
    if (this.#buckets.size > senders) this.#buckets.delete(this.#buckets.keys().next().value as string);
    return taken;
  }
}
