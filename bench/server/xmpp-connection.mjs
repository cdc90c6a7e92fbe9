// A raw XMPP client that costs next to nothing: what it sends is made beforehand, what comes in is counted.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const PASSWORD = 'secret';
const salted = new Map();

const hmac = (key, text) => createHmac('sha1', key).update(text).digest();
const base64 = (data) => Buffer.from(data).toString('base64');

/** One stream. After `login`, `onBytes` gets what comes in. */
export class XmppConnection {
  onBytes = undefined;
  #socket;
  #text = '';
  #wake = () => {};
  #failed;

  static async open({ host, port, tls }) {
    const socket = tls
      ? connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] })
      : connect({ host, port });
    await new Promise((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return new XmppConnection(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      if (this.onBytes) this.onBytes(bytes);
      else {
        this.#text += bytes.toString('utf8');
        this.#wake();
      }
    });
    socket.on('error', (error) => {
      this.#failed = error;
      this.#wake();
    });
    socket.on('close', () => {
      this.#failed ??= new Error('the server closed the connection');
      this.#wake();
    });
  }

  write(data) {
    this.#socket.write(data);
  }

  close() {
    this.#socket.destroy();
  }

  /** Waits for something and takes it out with all before it. */
  async expect(pattern) {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match.index + match[0].length);
        return match;
      }
      if (/<stream:error|<failure/.test(this.#text)) throw new Error(`refused: ${this.#text.slice(-400)}`);
      if (this.#failed) throw new Error(`${this.#failed.message}, waiting for ${pattern}`);
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #open() {
    this.#text = '';
    this.write(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
    );
    await this.expect(/<\/stream:features>/);
  }

  /** Makes an account by XEP-0077; one that exists is as good. */
  async register(username) {
    await this.#open();
    this.write(
      `<iq type='set' id='reg' to='localhost'><query xmlns='jabber:iq:register'><username>${username}</username><password>${PASSWORD}</password></query></iq>`,
    );
    await this.expect(/<iq[^>]*id=['"]reg['"][^>]*>/);
  }

  /** SCRAM-SHA-1, which all servers here offer, then resource binding. */
  async login(username, resource) {
    await this.#open();
    const first = `n=${username},r=bench${username}`;
    this.write(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>${base64(`n,,${first}`)}</auth>`);
    const challenge = Buffer.from((await this.expect(/<challenge[^>]*>([^<]*)</))[1], 'base64').toString();
    const { r, s, i } = Object.fromEntries(challenge.split(',').map((part) => [part[0], part.slice(2)]));
    const cacheKey = `${s} ${i}`;
    if (!salted.has(cacheKey))
      salted.set(cacheKey, pbkdf2Sync(PASSWORD, Buffer.from(s, 'base64'), Number(i), 20, 'sha1'));
    const clientKey = hmac(salted.get(cacheKey), 'Client Key');
    const last = `c=biws,r=${r}`;
    const signature = hmac(createHash('sha1').update(clientKey).digest(), `${first},${challenge},${last}`);
    const proof = base64(clientKey.map((byte, at) => byte ^ signature[at]));
    this.write(`<response xmlns='${SASL}'>${base64(`${last},p=${proof}`)}</response>`);
    await this.expect(/<success[^>]*>/);
    await this.#open();
    this.write(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
    await this.expect(/<iq[^>]*type=['"]result['"][^>]*>/);
    await this.expect(/<\/iq>/);
  }

  /** From now on bytes are counted. */
  counts(onBytes) {
    this.onBytes = onBytes;
  }
}

export { PASSWORD };
