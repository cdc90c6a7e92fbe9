import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { type Element, parseElement } from '@thingward/xml';
import { BOSH, NS, XBOSH } from '@thingward/xmpp';

/** What came back for a request. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: Element;
}

/** A client that speaks BOSH request by request, and decides itself about each. */
export class BoshActor {
  #url = '';
  rid = Math.floor(Math.random() * 2 ** 40) + 1;
  sid: string | undefined;

  /** @param url of the server */
  constructor(url: string) {
    this.moves(url);
  }

  /** Its next requests go to another server of HTTP. */
  moves(url: string): void {
    this.#url = `${url}/http-bind`;
  }

  /** Sends text as a body of HTTP. */
  async posts(text: string, signal?: AbortSignal): Promise<Answer> {
    const response = await fetch(this.#url, { method: 'POST', body: text, signal: signal ?? null });
    const body = await response.text();
    return { status: response.status, contentType: response.headers.get('content-type'), body: parseElement(body) };
  }

  /** The `<body/>` of the next request. */
  next(attributes = '', payload = ''): string {
    return this.at(this.rid++, attributes, payload);
  }

  at(rid: number, attributes = '', payload = ''): string {
    const sid = this.sid === undefined ? '' : ` sid='${this.sid}'`;
    const start = `<body xmlns='${BOSH}' xmlns:xmpp='${XBOSH}' rid='${rid}'${sid} ${attributes}`;
    return payload === '' ? `${start}/>` : `${start}>${payload}</body>`;
  }

  async sends(payload = '', attributes = ''): Promise<Element> {
    return (await this.posts(this.next(attributes, payload))).body;
  }

  /** Makes a session. @returns the answer */
  async opens(attributes = `to='localhost' wait='5' hold='1' ver='1.6' xmpp:version='1.0'`): Promise<Element> {
    this.sid = undefined;
    const { body } = await this.posts(this.next(attributes));
    this.sid = body.attribute('sid');
    return body;
  }

  /** By SCRAM-SHA-1, then a new stream. @see RFC 5802 §3 */
  async authenticates(name: string, password = name): Promise<Element> {
    const bare = `n=${name},r=clientnonce`;
    const challenge = await this.#payload(
      `<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-1'>${base64(`n,,${bare}`)}</auth>`,
      'challenge',
    );
    const first = Buffer.from(challenge.text, 'base64').toString();
    const [, nonce = '', salt = '', iterations = ''] = /^r=(.*),s=(.*),i=(\d+)/.exec(first) ?? [];
    const final = `c=biws,r=${nonce}`;
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 20, 'sha1');
    const key = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha1').update(key).digest(), `${bare},${first},${final}`);
    const proof = Buffer.from(key.map((byte, i) => byte ^ (signature[i] as number))).toString('base64');
    await this.#payload(`<response xmlns='${NS.sasl}'>${base64(`${final},p=${proof}`)}</response>`, 'success');
    return this.sends('', `xmpp:restart='true' to='localhost'`);
  }

  /** A bound session. */
  async signsIn(name: string, resource = 'bosh', creation?: string): Promise<void> {
    await this.opens(creation);
    await this.authenticates(name);
    const bind = `<bind xmlns='${NS.bind}'><resource>${resource}</resource></bind>`;
    await this.#payload(`<iq xmlns='jabber:client' type='set' id='bind'>${bind}</iq>`, 'iq');
  }

  /** Sends, and asks until there is such an element. */
  async #payload(payload: string, name: string): Promise<Element> {
    for (let body = await this.sends(payload); ; body = await this.sends()) {
      const [element] = body.elements;
      if (element?.name === name) return element;
      if (element || body.attribute('type')) throw new Error(`expected <${name}/>, got ${body}`);
    }
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha1', key).update(text).digest();
}
