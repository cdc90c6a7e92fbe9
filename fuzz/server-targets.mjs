/*
 * What the server's doors are fed with. Each target has an invariant beside its typed errors: nobody speaks for anybody else, every
 * request gets one answer, nothing grows beyond its bound, and pieces say what the whole says.
 */
import { createHash } from 'node:crypto';
import { parseElement, StreamReader, XmlError } from '@thingward/xml';
import { BoshBody, BoshError, COMPONENT, decodeBoshRequest, Jid, NS, SILENT_LOGGER } from '@thingward/xmpp';
import { ComponentConnection } from '../packages/server/dist/components/component-connection.js';
import { ComponentHub } from '../packages/server/dist/components/component-hub.js';
import { StanzaTraffic } from '../packages/server/dist/figures/stanza-counts.js';
import { StreamCensus } from '../packages/server/dist/figures/stream-census.js';
import { Hooks } from '../packages/server/dist/hooks.js';
import { DEFAULT_LIMITS } from '../packages/server/dist/limits.js';
import { BoshSessions } from '../packages/server/dist/listeners/bosh/bosh-sessions.js';
import { DEFAULT_BOSH_SETTINGS } from '../packages/server/dist/listeners/bosh/settings.js';
import { Connections } from '../packages/server/dist/listeners/connections.js';
import {
  MAX_PROXY_HEADER_BYTES,
  ProxyProtocolError,
  parseProxyHeader,
} from '../packages/server/dist/listeners/proxy-protocol/proxy-header.js';
import { LogInGuard } from '../packages/server/dist/log-in-guard.js';
import { LoopTurns } from '../packages/server/dist/loop-turns.js';
import { Router } from '../packages/server/dist/router.js';
import { S2sReceiver } from '../packages/server/dist/s2s/receiver.js';
import { SessionTable } from '../packages/server/dist/session.js';
import { SessionManager } from '../packages/server/dist/session-manager.js';
import { readFrame } from '../packages/server/dist/workers/frame-record.js';
import { MAX_RECORD_BYTES, RecordError, RecordReader } from '../packages/server/dist/workers/record.js';

const DOMAIN = 'localhost';
const BRIDGE = 'bridge.localhost';
const PEER = 'montague.example';
const SECRET = 'secret';
const turns = new LoopTurns();
const limits = {
  ...DEFAULT_LIMITS,
  maxUnauthenticatedBytes: 2000,
  maxConnectionsPerSecond: 1e9,
  authTimeoutMs: 60_000,
};

const ADDRESSES = [
  `a@${BRIDGE}`,
  BRIDGE,
  `a@sub.${BRIDGE}`,
  `romeo@${DOMAIN}`,
  DOMAIN,
  `romeo@${PEER}/x`,
  PEER,
  `x@not${PEER}`,
  'juliet@localhost/r',
  '@',
  '',
  'x@elsewhere.example',
];

/** Parts of streams between servers and of components. */
const stanzaText = ({ pick, random }) => {
  const from = random() < 0.9 ? ` from='${pick(ADDRESSES)}'` : '';
  const to = random() < 0.9 ? ` to='${pick(ADDRESSES)}'` : '';
  const name = pick(['message', 'iq', 'presence', 'thing']);
  const type = pick(['', " type='get'", " type='result'", " type='error'", " type='subscribe'"]);
  return `<${name}${from}${to}${type} id='1'>${pick(['', '<body>x</body>', "<q xmlns='urn:q'/>"])}</${name}>`;
};

/** Reads a stream in pieces, as a connection would; what is no XML ends it. */
function eventsOf(pieces, take, maxElementBytes = 2000) {
  const reader = new StreamReader({ maxElementBytes });
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      let event;
      try {
        event = reader.next();
      } catch (error) {
        if (error instanceof XmlError) return;
        throw error;
      }
      if (!event) break;
      if (take(event, reader) === 'over') return;
    }
    if (reader.pendingBytes > maxElementBytes + piece.length) throw new Error('more is kept than an element may have');
  }
}

function pieces(bytes, below) {
  const result = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + below(bytes.length);
    result.push(bytes.slice(at, at + length));
    at += length;
  }
  return result;
}

/** A stream of another server. Its certificate proves nothing; the authoritative server says yes to some keys. */
function receive({ bytes, isValid }, below) {
  const accepted = new Set();
  const receiver = new S2sReceiver({
    isLocal: (domain) => domain === DOMAIN || domain === BRIDGE,
    isAllowed: (domain) => domain !== 'denied.example',
    requireTls: false,
    acceptKeys: true,
    maxPairs: 5,
    isValidKey: () => false,
    defaultDomain: DOMAIN,
    newStreamId: () => 'id',
    parseJid: (text) => Jid.parse(text),
    reportError: (error) => {
      throw error;
    },
  });
  let isOver = false;
  const act = (actions) => {
    for (const action of actions) {
      if (isOver) throw new Error(`${action.kind} after the end`);
      if (action.kind === 'close') isOver = true;
      else if (action.kind === 'accepted') accepted.add(`${action.pair.from} ${action.pair.to}`);
      else if (action.kind === 'check')
        act(receiver.handle({ kind: 'checked', pair: action.pair, outcome: isValid ? 'valid' : 'invalid' }));
      else if (action.kind === 'stanza') {
        const { from, to } = action;
        const isKnown = to
          ? accepted.has(`${from.domain} ${to.domain}`)
          : [...accepted].some((pair) => pair.startsWith(`${from.domain} `));
        if (!isKnown) throw new Error(`a stanza from ${from} to ${to}`);
      }
    }
    if (accepted.size > 5) throw new Error('too many pairs');
  };
  eventsOf(pieces(bytes, below), (event, reader) => {
    act(receiver.handle(event));
    if (isOver) return 'over';
    if (event.kind === 'frame' && event.frame.head.name === 'auth') reader.restart();
  });
}

/** A stream of a component that knows its secret, or does not. */
function componentSpeaks({ header, knowsSecret, rest }, below) {
  const router = { domain: Jid.parse(DOMAIN), addService() {}, hasService: () => false, refusal: () => undefined };
  let isAuthenticated = false;
  let isClosed = false;
  router.fromRemote = ({ from, to }) => {
    if (!isAuthenticated || isClosed || from.domain !== BRIDGE || !to)
      throw new Error(`a stanza from ${from} to ${to}`);
  };
  const log = {
    ...SILENT_LOGGER,
    error: ({ err }) => {
      throw err ?? new Error('an error was logged');
    },
  };
  const hub = new ComponentHub({ [BRIDGE]: { secret: SECRET, instances: 1 } }, { router, limits, turns, log });
  const reader = new StreamReader({ maxElementBytes: 2000 });
  let id = '';
  const connection = new ComponentConnection(hub, {
    remote: 'fuzz:1',
    openStream: (opened) => {
      id = opened.id;
    },
    send: (element) => {
      if (element.name === 'handshake') isAuthenticated = true;
    },
    sendStanza() {},
    nextEvent: () => (isClosed ? undefined : reader.next()),
    resume() {},
    authenticated() {},
    closeStream() {
      isClosed = true;
      connection.ended();
    },
  });
  const push = (bytes) => {
    for (const piece of pieces(bytes, below)) {
      reader.push(piece);
      connection.pump();
    }
  };
  push(header);
  const proof = createHash('sha1')
    .update(id)
    .update(knowsSecret ? SECRET : 'wrong')
    .digest('hex');
  push(Buffer.from(`<handshake>${proof}</handshake>`));
  if (isAuthenticated && !knowsSecret) throw new Error('a wrong secret was taken');
  push(rest);
  connection.ended();
  if (hub.route(BRIDGE).instanceCount !== 0) throw new Error('a component that is gone is still there');
}

/** BOSH sessions, request by request. */
function boshSpeaks(bodies) {
  const hooks = new Hooks();
  const sessions = new SessionTable();
  const log = {
    ...SILENT_LOGGER,
    error: ({ err }) => {
      throw err ?? new Error('an error was logged');
    },
  };
  const traffic = new StanzaTraffic();
  const streams = new StreamCensus();
  const router = new Router(Jid.parse(DOMAIN), sessions, hooks, log, traffic);
  const { toClients: sent } = traffic;
  const manager = new SessionManager({ sessions, router, hooks, limits, settings: {}, store: undefined, log, sent });
  const context = {
    domain: DOMAIN,
    credentials: {
      scramKeys: async () => Promise.reject(new Error('nobody')),
      exists: async () => false,
      localpart: (name) => name,
      refusal: async () => 'unknown',
      changes: 0,
    },
    removals: { check: async () => {} },
    limits,
    router,
    sessions: manager,
    hooks,
    log,
    negotiating: new Set(),
    guard: new LogInGuard(limits),
    turns,
    onAuthentication() {},
  };
  const connections = new Connections(
    { maxConnections: 3, maxConnectionsPerAddress: 3, maxConnectionsPerSecond: 1e9 },
    log,
    streams,
  );
  const bosh = new BoshSessions({ context, connections, settings: DEFAULT_BOSH_SETTINGS, streams });
  const origin = { address: '192.0.2.1', remote: '192.0.2.1:1', isEncrypted: true, requireTls: false };
  let sid = '';
  const open = new Set();
  for (const body of bodies) {
    const exchange = {
      isBroken: false,
      onBroken() {},
      answers: 0,
      answer(response) {
        open.delete(exchange);
        // As HTTP does it: the first counts.
        if (exchange.answers++ > 0) return;
        const answer = parseElement(response.body);
        if (answer.name !== 'body') throw new Error(`an answer of ${answer}`);
        sid = answer.attribute('sid') ?? sid;
      },
    };
    open.add(exchange);
    bosh.receive(typeof body === 'function' ? body(sid) : body, exchange, origin);
    if (bosh.size > 3 || connections.size > 3) throw new Error('too many sessions');
  }
  bosh.close();
  if (bosh.size > 0 || connections.size > 0 || open.size > 0 || context.negotiating.size > 0) {
    throw new Error(`${bosh.size} sessions, ${connections.size} connections, ${open.size} requests are left`);
  }
}

/** Records in one piece and in many. */
function records(bytes, below) {
  const read = (chunks) => {
    const seen = [];
    const reader = new RecordReader((kind, connection, bytes, start, end) => {
      const payload = bytes.subarray(start, end);
      seen.push(`${kind} ${connection} ${Buffer.from(payload).toString('hex')}`);
      if (kind === 2) readFrame(payload);
    });
    for (const chunk of chunks) {
      reader.push(Buffer.from(chunk));
      if (reader.pendingBytes > MAX_RECORD_BYTES + 9) throw new Error('more is kept than a record may have');
    }
    return seen.join('\n');
  };
  const whole = read([bytes]);
  const parts = read(pieces(bytes, below));
  if (whole !== parts) throw new Error(`${parts} is not ${whole}`);
}

export function serverTargets(made) {
  const { random, below, pick, soup, noise, mutated, utf8 } = made;
  const some = (most, make) => Array.from({ length: 1 + below(most) }, make).join('');
  const serverHeader = () =>
    `<stream:stream xmlns='jabber:server' xmlns:stream='${NS.stream}' xmlns:db='jabber:server:dialback' from='${pick([PEER, 'denied.example', DOMAIN])}' to='${pick([DOMAIN, BRIDGE, 'x'])}' version='1.0'>`;
  const dialback = () =>
    `<db:${pick(['result', 'verify'])} from='${pick(ADDRESSES)}' to='${pick([DOMAIN, BRIDGE, PEER])}' ${pick(['', "id='s'"])}>key</db:${'result'}>`;
  const proven = `<db:result from='${PEER}' to='${DOMAIN}'>key</db:result>`;
  const serverPart = () =>
    pick([
      () => stanzaText(made),
      () => stanzaText(made),
      () => proven,
      dialback,
      () => `<starttls xmlns='${NS.tls}'/>`,
      () => `<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'>=</auth>`,
      () => "<bidi xmlns='urn:xmpp:bidi'/>",
      () => soup(['<', '>', '/', 'a', ' ', '</stream:stream>', "x='1'", '&'], 3),
    ])();
  const maybeMutated = (text) => (random() < 0.3 ? mutated(utf8(text)) : utf8(text));
  const componentHeader = () =>
    `<stream:stream xmlns='${COMPONENT}' xmlns:stream='${NS.stream}' to='${pick([BRIDGE, BRIDGE, BRIDGE, DOMAIN])}'>`;
  const RID = 1000;
  const boshBody = (sid, first) => {
    const rid = first ? RID : RID + below(5);
    const session = first
      ? `to='${pick([DOMAIN, DOMAIN, 'x'])}' wait='${pick([0, 5, 60, 99999])}' hold='${pick([0, 1, 2, 9])}' ${pick(['', "ack='1'"])} ${pick(['', "ver='1.6'"])}`
      : `sid='${sid}'`;
    const more = pick([
      '',
      '',
      "type='terminate'",
      "pause='60'",
      "pause='9999'",
      "xmpp:restart='true'",
      "ack='1001'",
      "key='a'",
      "newkey='b'",
    ]);
    const payload = pick(['', '', stanzaText(made), `<auth xmlns='${NS.sasl}' mechanism='NONE'/>`, '<x/>']);
    return maybeMutated(
      `<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='${rid}' ${session} ${more}>${payload}</body>`,
    );
  };
  const LINES = [
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP6 2001:db8::1 ::1 65535 2\r\n',
    'PROXY UNKNOWN\r\n',
  ].map(utf8);
  const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c000020200010002', 'hex');
  const record = () => {
    const payload = pick([
      () => noise(20),
      () => Uint8Array.of(1, ...utf8('<a/>')),
      () => Uint8Array.of(0, 2, 0, 0, 0, ...utf8('{}<a/>')),
    ])();
    const header = Buffer.alloc(9);
    header.writeUInt32LE(random() < 0.95 ? payload.length : below(2 ** 32), 0);
    header[4] = below(32);
    header.writeUInt32LE(below(2 ** 32), 5);
    return [...header, ...payload];
  };
  return {
    'bosh body': [
      () => boshBody('s', random() < 0.5),
      (input) => {
        const body = new BoshBody(input);
        decodeBoshRequest(body.header);
        body.payloads({ maxPayloads: 3, maxPayloadBytes: 2000 });
      },
      [XmlError, BoshError],
    ],
    'bosh sessions': [
      () =>
        Array.from({ length: 1 + below(8) }, (_, i) => {
          const isFirst = i === 0 || random() < 0.1;
          return isFirst ? boshBody('', true) : (sid) => boshBody(random() < 0.95 ? sid : 'unknown', false);
        }),
      boshSpeaks,
      [],
    ],
    'proxy header': [
      () => pick([mutated(pick(LINES)), mutated(BINARY), Buffer.concat([pick(LINES), noise(8)]), noise(30)]),
      (input) => {
        const header = parseProxyHeader(input);
        if (header && (header.length > input.length || header.length > MAX_PROXY_HEADER_BYTES))
          throw new Error(`it has ${header.length} bytes`);
        if (!header && input.length >= MAX_PROXY_HEADER_BYTES)
          throw new Error('more bytes are wanted than a header has');
      },
      ProxyProtocolError,
    ],
    's2s receiver': [
      () => ({
        bytes: maybeMutated(`${serverHeader()}${random() < 0.7 ? proven : ''}${some(6, serverPart)}`),
        isValid: random() < 0.8,
      }),
      (input) => receive(input, below),
      [],
    ],
    'component stream': [
      () => ({
        header: maybeMutated(componentHeader()),
        knowsSecret: random() < 0.8,
        rest: maybeMutated(some(6, () => stanzaText(made))),
      }),
      (input) => componentSpeaks(input, below),
      [],
    ],
    'worker records': [
      () => mutatedRecords(Array.from({ length: 1 + below(4) }, record).flat(), made),
      (input) => records(input, below),
      RecordError,
    ],
  };
}

function mutatedRecords(bytes, { random, mutated }) {
  return random() < 0.5 ? Uint8Array.from(bytes) : mutated(bytes);
}
