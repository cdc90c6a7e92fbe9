import {
  type Body,
  COMMAND,
  decodeMqttPayload,
  decodeNetworkMessage,
  encodeMqttPayload,
  encodeNetworkMessage,
  Ieee1451Error,
  type NetworkMessage,
  networkService,
  networkServiceNamed,
  type PayloadEncoding,
  parseMqttTopic,
  REPLY,
} from '@thingward/ieee1451';

/** Octets of a payload that are looked at: a message in hexadecimal has fewer. */
const MAX_PAYLOAD = 140_000;

/** Publishes a payload; what a connection to a broker can do. */
export type Publish = (topic: string, payload: Uint8Array) => void;

/** A message, where it came, and how it was written. */
export interface ReceivedMessage {
  readonly message: NetworkMessage;
  readonly service: string;
  readonly topic: string;
  readonly encoding: PayloadEncoding;
}

interface Waiting {
  readonly matches: (received: ReceivedMessage) => boolean;
  readonly settle: (body: Body) => void;
}

/**
 * Network messages over MQTT: commands go to a topic, and the reply comes on it, too, with the identifiers of the command. Who is
 * asked the same twice at once gives both answers to the first: so one question waits for the other.
 * @see IEEE 1451.1.6
 */
export class NetworkLink {
  readonly #publish: Publish;
  readonly #appId: string;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  /** The last question of each NCAP: the next one waits for it. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(publish: Publish, appId: string, timeoutMs: number) {
    this.#publish = publish;
    this.#appId = appId;
    this.#timeoutMs = timeoutMs;
  }

  /** @returns undefined for what is no message of 1451.1.6, and for commands: they are for NCAPs */
  received(topic: string, payload: Uint8Array): ReceivedMessage | undefined {
    if (parseMqttTopic(topic) === undefined || payload.length > MAX_PAYLOAD) return undefined;
    try {
      const { encoding, octets } = decodeMqttPayload(payload);
      const message = decodeNetworkMessage(octets, { keepLength: true });
      const service = networkService(message.serviceType, message.serviceId)?.name;
      if (service === undefined || message.messageType === COMMAND) return undefined;
      const received = { message, service, topic, encoding };
      const { appId } = message.body;
      if (message.messageType === REPLY && appId !== this.#appId) return undefined;
      for (const waiting of this.#waiting) if (waiting.matches(received)) waiting.settle(message.body);
      return received;
    } catch (error) {
      if (error instanceof Ieee1451Error) return undefined;
      throw error;
    }
  }

  /** Sends a command to whoever listens. @throws Ieee1451Error `limit-exceeded` */
  send(topic: string, encoding: PayloadEncoding, service: string, body: Body): void {
    const known = networkServiceNamed(service);
    if (!known) throw new Ieee1451Error('limit-exceeded', `there is no service ${service}`);
    const { serviceType, serviceId } = known;
    const octets = encodeNetworkMessage({
      serviceType,
      serviceId,
      messageType: COMMAND,
      body: { appId: this.#appId, ...body },
    });
    this.#publish(topic, encodeMqttPayload(octets, encoding));
  }

  /**
   * Asks an NCAP and waits for its reply.
   * @throws Ieee1451Error `no-answer`; `refused` when the reply has an error; `not-connected`; the signal's reason
   */
  async ask(topic: string, encoding: PayloadEncoding, service: string, body: Body, signal: AbortSignal): Promise<Body> {
    const before = this.#last.get(topic) ?? Promise.resolve();
    const asked = before.then(() => this.#askNow(topic, encoding, service, body, signal));
    const tail = asked.catch(() => undefined);
    this.#last.set(topic, tail);
    try {
      return await asked;
    } finally {
      if (this.#last.get(topic) === tail) this.#last.delete(topic);
    }
  }

  async #askNow(
    topic: string,
    encoding: PayloadEncoding,
    service: string,
    body: Body,
    signal: AbortSignal,
  ): Promise<Body> {
    signal.throwIfAborted();
    const ids = ['ncapId', 'timId', 'channelId'].filter((name) => body[name] !== undefined);
    const reply = await new Promise<Body>((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#waiting.delete(waiting);
        settle();
      };
      const abort = () => end(() => reject(signal.reason));
      const late = new Ieee1451Error('no-answer', `no reply to ${service} on ${topic}`);
      const timer = setTimeout(() => end(() => reject(late)), this.#timeoutMs);
      const waiting: Waiting = {
        matches: (received) =>
          received.topic === topic &&
          received.service === service &&
          ids.every((name) => received.message.body[name] === body[name]),
        settle: (answer) => end(() => resolve(answer)),
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiting);
      try {
        this.send(topic, encoding, service, body);
      } catch (error) {
        end(() => reject(error));
      }
    });
    if (reply.errorCode === 0) return reply;
    throw new Ieee1451Error('refused', `the NCAP answered ${service} with the error ${reply.errorCode}`);
  }
}
