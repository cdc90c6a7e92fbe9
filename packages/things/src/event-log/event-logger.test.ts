import { Jid, SILENT_LOGGER, StanzaError, serveDisco } from '@thingward/xmpp';
import { describe, expect, test, vi } from 'vitest';
import { MemoryNetwork, until } from '../../test/memory-network.ts';
import { decodeLoggedEvents, EVENT_LOG, encodeLoggedEvent, type LoggedEvent } from './codec.ts';
import { EventLogger, type EventLoggerOptions } from './event-logger.ts';
import { tellEventLog } from './tell-event-log.ts';

function logger(options: Partial<EventLoggerOptions> = {}) {
  const told: LoggedEvent[] = [];
  const made = new EventLogger({ log: SILENT_LOGGER, facility: 'gateway', ...options });
  return { logger: made, told, sink: (events: readonly LoggedEvent[]) => void told.push(...events) };
}

describe('a logger that tells events', () => {
  test('tells them as the specification has them, and the log beneath it all the same', () => {
    const warn = vi.fn();
    const { logger: log, told, sink } = logger({ log: { ...SILENT_LOGGER, warn }, module: 'modbus' });
    log.connect(sink);
    const details = { account: 'plc@example.org', node: { nodeId: 'tank' }, tries: 3, ratio: 0.5, isLast: true };
    log.warn(details, 'the unit does not answer');
    log.flush();
    expect(warn).toHaveBeenCalledWith(details, 'the unit does not answer');
    expect(told).toMatchObject([
      {
        type: 'Warning',
        level: 'Medium',
        facility: 'gateway',
        module: 'modbus',
        object: 'tank',
        subject: 'plc@example.org',
        message: 'the unit does not answer',
        tags: [
          { name: 'account', value: 'plc@example.org', type: 'xs:string' },
          { name: 'tries', value: '3', type: 'xs:long' },
          { name: 'ratio', value: '0.5', type: 'xs:double' },
          { name: 'isLast', value: 'true', type: 'xs:boolean' },
        ],
      },
    ]);
    for (const event of told) encodeLoggedEvent(event);
  });

  test('tells what went wrong and where', () => {
    const { logger: log, told, sink } = logger();
    log.connect(sink);
    log.error({ err: new Error('disk \u0000 full') }, 'lost');
    log.flush();
    expect(told[0]).toMatchObject({
      type: 'Error',
      level: 'Major',
      tags: [{ name: 'err', value: 'disk \ufffd full' }],
    });
    expect(told[0]?.stackTrace).toContain('event-logger.test.ts');
    for (const event of told) encodeLoggedEvent(event);
  });

  test('tells no less severe ones', () => {
    const { logger: log, told, sink } = logger({ leastType: 'Informational' });
    log.connect(sink);
    log.debug({}, 'no');
    log.info({}, 'yes');
    log.flush();
    expect(told.map(({ message }) => message)).toEqual(['yes']);
  });

  test('never tells what looks like a secret, nor what lies deeper', () => {
    const { logger: log, told, sink } = logger();
    log.connect(sink);
    log.warn(
      { password: 'a', apiKey: 'b', accessToken: 'c', clientSecret: 'd', nested: { password: 'e' }, monkey: 'f' },
      'm',
    );
    log.flush();
    const values = told[0]?.tags.map(({ value }) => value);
    expect(values).toEqual(['[withheld]', '[withheld]', '[withheld]', '[withheld]', 'f']);
  });

  test('has a pace: what was left out is counted', () => {
    let now = 0;
    const {
      logger: log,
      told,
      sink,
    } = logger({
      clock: () => new Date(now),
      limits: { burst: 3, perMinute: 60, waiting: 10 },
    });
    log.connect(sink);
    for (let i = 0; i < 10; i++) log.warn({}, `event ${i}`);
    expect(log.state).toEqual({ waiting: 3, leftOut: 7 });
    now = 1000;
    log.warn({}, 'later');
    log.flush();
    expect(told.at(-1)).toMatchObject({ message: 'later', tags: [{ name: 'leftOut', value: '7' }] });
    now = 0;
    log.warn({}, 'the clock jumped');
    expect(log.state.leftOut).toBe(1);
  });

  test('keeps what can not be told now, up to a bound', () => {
    const { logger: log, told, sink } = logger({ limits: { waiting: 2 } });
    log.warn({}, 'first');
    log.connect(() => {
      throw new Error('offline');
    });
    log.warn({}, 'second');
    log.warn({}, 'third');
    expect(log.state).toEqual({ waiting: 2, leftOut: 1 });
    log.connect(sink);
    expect(told.map(({ message }) => message)).toEqual(['first', 'second']);
  });
});

describe('on the network', () => {
  const LOG = Jid.parse('eventlog.example.org');

  test('events go to a log that takes them, together and after a reconnect', async () => {
    const network = new MemoryNetwork();
    const device = network.add('plc@example.org/gateway');
    const collector = network.join(LOG.toString());
    serveDisco(collector, { identities: [], features: [EVENT_LOG] });
    const received: string[][] = [];
    collector.onMessage({ namespace: EVENT_LOG }, ({ stanza }) => {
      received.push(decodeLoggedEvents(stanza).map(({ message }) => message));
    });
    const { logger: log } = logger({ limits: { gatherMs: 5 } });
    const stop = tellEventLog(device, LOG, log, { local: SILENT_LOGGER });
    log.warn({}, 'one');
    log.warn({}, 'two');
    device.connect();
    await until(() => received.length === 1);
    expect(received).toEqual([['one', 'two']]);
    device.disconnect();
    log.warn({}, 'three');
    await new Promise((resolve) => setTimeout(resolve, 20));
    device.connect();
    await until(() => received.length === 2);
    log.warn({}, 'four');
    stop();
    await until(() => received.length === 3);
    expect(network.errors).toEqual([]);
  });

  test('nobody is told who does not say that it takes events', async () => {
    const network = new MemoryNetwork();
    const device = network.join('plc@example.org/gateway');
    const other = network.join(LOG.toString());
    let asked = 0;
    other.onIq('get', { name: 'query', namespace: 'http://jabber.org/protocol/disco#info' }, () => {
      asked++;
      throw new StanzaError('service-unavailable');
    });
    const { logger: log } = logger({ limits: { gatherMs: 1 } });
    const stop = tellEventLog(device, LOG, log, { local: SILENT_LOGGER, retryMs: 5 });
    log.warn({}, 'one');
    await until(() => asked > 2);
    stop();
    expect(network.sent('log')).toEqual([]);
    expect(log.state.waiting).toBe(1);
  });
});
