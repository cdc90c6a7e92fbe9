/*
 * The receiving side of a client's stream, fed with whatever comes: it may answer with failures and stream errors alone, and must
 * never let anybody in who has not shown the password or the token.
 */
import { Frame, parseElement, XmlError, xml } from '@thingward/xml';
import { encodeBase64, NS, SASL2, StreamReceiver } from '@thingward/xmpp';

const AGENT = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/>";
const base64 = (text) => encodeBase64(new TextEncoder().encode(text));
const authenticate = (mechanism, response, inline = '') =>
  `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'><initial-response>${response}</initial-response>${inline}</authenticate>`;

/** Elements of negotiations, to be mutated; none of them lets anybody in. */
export const NEGOTIATION = [
  `<starttls xmlns='${NS.tls}'/>`,
  `<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${base64('\0romeo\0wrong')}</auth>`,
  `<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-256'>${base64('n,,n=romeo,r=abc')}</auth>`,
  `<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'>=</auth>`,
  `<response xmlns='${NS.sasl}'>${base64('c=biws,r=abc,p=AAAA')}</response>`,
  `<abort xmlns='${NS.sasl}'/>`,
  authenticate('PLAIN', base64('\0romeo\0wrong'), "<bind xmlns='urn:xmpp:bind:0'><tag>t</tag></bind>"),
  authenticate('SCRAM-SHA-1', base64('n,,n=romeo,r=abc'), "<resume xmlns='urn:xmpp:sm:3' previd='known' h='0'/>"),
  authenticate(
    'HT-SHA-256-NONE',
    base64(`romeo\0${'x'.repeat(32)}`),
    `${AGENT}<fast xmlns='urn:xmpp:fast:0' count='1'/>`,
  ),
  authenticate('PLAIN', '', `${AGENT}<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>`),
  `<response xmlns='${SASL2}'>${base64('c=biws,r=abc,p=AAAA')}</response>`,
  `<abort xmlns='${SASL2}'/>`,
  `<next xmlns='${SASL2}' task='T'/>`,
  `<success xmlns='${SASL2}'><authorization-identifier>romeo@localhost</authorization-identifier></success>`,
  `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='${NS.bind}'/></iq>`,
  "<resume xmlns='urn:xmpp:sm:3' previd='known' h='0'/>",
  "<enable xmlns='urn:xmpp:sm:3'/>",
  "<message xmlns='jabber:client'><body>x</body></message>",
];

const FAILURES = ['features', 'failure', 'challenge', 'proceed', 'failed', 'iq'];

/** Feeds a stream with elements, as bytes. @throws when it does anything but refuse */
export async function negotiate(messages, credentials) {
  const closed = [];
  const refuse = () => {
    throw new Error('somebody was let in');
  };
  const token = { id: 1, token: 'a token nobody knows', expiresAt: new Date(8e15), isDue: true };
  const transport = {
    isEncrypted: true,
    canStartTls: true,
    openStream: () => undefined,
    send: (element) => {
      if (!FAILURES.includes(element.name)) throw new Error(`<${element.name}/> was sent`);
      parseElement(element.toString());
    },
    startTls: async () => undefined,
    restart: refuse,
    closeStream: (error) => closed.push(error?.condition),
  };
  const receiver = new StreamReceiver(transport, {
    domains: new Set(['localhost']),
    credentials,
    requireTls: true,
    maxAuthFailures: 4,
    newStreamId: () => 'id',
    reportError: (error) => {
      throw error;
    },
    bind: refuse,
    bound: refuse,
    resume: refuse,
    bind2: { features: [], bind: refuse },
    tokens: { held: async () => [token], use: refuse, issue: refuse, revoke: refuse },
    authenticated: ({ account }) => account && refuse(),
  });
  const header = xml('stream', { xmlns: NS.stream, to: 'localhost', version: '1.0' });
  await receiver.handle({ kind: 'open', header, bindings: { '': NS.client } });
  for (const message of messages) {
    let frame;
    try {
      frame = Frame.parse(message);
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      receiver.fail(error);
      break;
    }
    await receiver.handle({ kind: 'frame', frame });
  }
  if (receiver.isBound || receiver.isAuthenticated) refuse();
  if (closed.includes('internal-server-error')) throw new Error('an error that is a bug');
}
