import type { Body } from '../body.ts';

/** Settings that commands of one octet write and read: the command that sets each, the one that reads it, and what its value is called. */
const OCTET_SETTINGS: readonly (readonly [string, string, string])[] = [
  ['define-address-group', 'read-address-group', 'group'],
  ['set-pre-trigger-count', 'read-pre-trigger-count', 'count'],
  ['set-sampling-mode', 'read-sampling-mode', 'mode'],
  ['set-data-transmission-mode', 'read-data-transmission-mode', 'mode'],
  ['set-end-of-data-set-operation', 'read-end-of-data-set-operation', 'operation'],
  ['set-actuator-halt-mode', 'read-actuator-halt-mode', 'mode'],
  ['set-edge-to-report', 'read-edge-to-report', 'edge'],
  ['write-corrections-state', 'read-corrections-state', 'state'],
  ['write-service-request-mask', 'read-service-request-mask', 'mask'],
];

/** What an NCAP has set of a TransducerChannel, or of the TIM. */
export class ChannelSettings {
  isOperating = false;
  tellsEvents = false;
  triggerEnabled = true;
  isBuffered = false;
  repetitions = 0;
  triggeredAt: number | undefined;
  lastEvent: Uint8Array | undefined;
  readonly #octets = new Map<string, number>();

  /** As after switching on. */
  reset(): void {
    this.isOperating = false;
    this.tellsEvents = false;
    this.triggerEnabled = true;
    this.isBuffered = false;
    this.repetitions = 0;
    this.triggeredAt = undefined;
    this.#octets.clear();
  }

  /** @returns the reply; undefined when it fails or is not of its commands */
  perform(name: string, body: Body, maximumRepetitions: number): Body | undefined {
    switch (name) {
      case 'operate':
        this.isOperating = true;
        return {};
      case 'idle':
        this.isOperating = false;
        this.triggeredAt = undefined;
        return {};
      case 'device-clear':
        this.triggeredAt = undefined;
        return {};
      case 'write-trigger-state':
        this.triggerEnabled = body.enabled === true;
        return {};
      case 'read-trigger-state':
        return { enabled: this.triggerEnabled };
      case 'write-status-event-protocol-state':
        this.tellsEvents = body.enabled === true;
        return {};
      case 'read-status-event-protocol-state':
        return { enabled: this.tellsEvents };
      case 'set-buffered-state':
        this.isBuffered = body.buffered === true;
        return {};
      case 'read-buffered-state':
        return { buffered: this.isBuffered };
      case 'set-data-repetition-count': {
        const count = Number(body.count);
        if (count > maximumRepetitions) return undefined;
        this.repetitions = count;
        return {};
      }
      case 'read-data-repetition-count':
        return { count: this.repetitions };
      default:
        return this.#performOnOctets(name, body);
    }
  }

  #performOnOctets(name: string, body: Body): Body | undefined {
    for (const [writes, reads, value] of OCTET_SETTINGS) {
      if (name === reads) return { [value]: this.#octets.get(writes) ?? 0 };
      if (name !== writes) continue;
      this.#octets.set(writes, Number(body[value]));
      return {};
    }
    return undefined;
  }
}
