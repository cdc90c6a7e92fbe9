import type { SerialFrame } from '@thingward/modbus';
import type { ModbusIngress } from './ingress.ts';

/**
 * Requests of a master on a serial line. It has other devices there, too: units without a route are theirs and are not answered. A
 * master asks again when it has waited long enough: an answer that comes after its next request is not sent, as it would be taken for
 * the answer to that.
 */
export class SerialIngress {
  readonly #ingress: ModbusIngress;
  readonly #send: (frame: SerialFrame) => void;
  #latest = 0;

  constructor(ingress: ModbusIngress, send: (frame: SerialFrame) => void) {
    this.#ingress = ingress;
    this.#send = send;
  }

  take({ unit, pdu }: SerialFrame): void {
    const turn = ++this.#latest;
    if (!this.#ingress.hasRoute(unit)) return;
    void this.#ingress.carry({ unit, pdu }).then((answer) => {
      // Nobody answers what went to all units, not even that it failed.
      if (answer && unit !== 0 && turn === this.#latest) this.#send({ unit, pdu: answer });
    });
  }
}
