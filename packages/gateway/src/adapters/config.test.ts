import { describe, expect, it } from 'vitest';
import { type AdapterConfigInput, adapterConfigSchema } from './config.ts';
import { UnitRanges } from './unit-ranges.ts';

const server = { domain: 'example.org' };
const account = { jid: 'plant@example.org', password: 'secret' };
const egress = {
  account,
  protocol: 'modbus' as const,
  masters: [{ jid: 'scada@example.org' }],
  lines: [{ connect: '10.0.0.5:502' }],
};
const ingress = {
  account: { jid: 'scada@example.org', password: 'secret' },
  protocol: 'modbus' as const,
  listen: '127.0.0.1:1502',
  routes: [{ units: '1-10', to: 'plant@example.org' }],
};

function problems(input: object): string[] {
  const { error } = adapterConfigSchema.safeParse({ server, ...input });
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

it('needs little: masters read only, units are all there are', () => {
  const config = adapterConfigSchema.parse({
    server,
    egress: [egress],
    ingress: [ingress],
  } satisfies AdapterConfigInput);
  expect(config.egress[0]?.masters[0]?.writes).toBe(false);
  expect(config.egress[0]?.lines[0]).toMatchObject({ name: 'default', timeoutMs: 1000, maxInFlight: 1 });
  expect(config.egress[0]?.lines[0]).toHaveProperty('units', UnitRanges.tryParse('0-255'));
  expect(config.ingress[0]).toMatchObject({ listen: { host: '127.0.0.1', port: 1502 }, timeoutMs: 3000 });
});

it('takes serial ports, at 19200 baud with even parity as the specification wants them by default', () => {
  const serial = { path: '/dev/ttyUSB0' };
  const config = adapterConfigSchema.parse({ server, egress: [{ ...egress, lines: [{ serial }] }] });
  expect(config.egress[0]?.lines[0]).toHaveProperty('serial', {
    path: '/dev/ttyUSB0',
    baudRate: 19_200,
    dataBits: 8,
    parity: 'even',
    stopBits: 1,
  });
});

const outstations = {
  account,
  protocol: 'dnp3' as const,
  masters: [{ jid: 'scada@example.org' }],
  lines: [{ connect: '10.0.0.5:20000' }],
};
const door = {
  account: { jid: 'scada@example.org', password: 'secret' },
  protocol: 'dnp3' as const,
  listen: '127.0.0.1:20000',
  routes: [{ outstations: '10-19', to: 'plant@example.org' }],
};

it('takes DNP3: masters read only and have the address 1, outstations are all there are', () => {
  const config = adapterConfigSchema.parse({ server, egress: [outstations], ingress: [door] });
  expect(config.egress[0]).toMatchObject({ masters: [{ address: 1, writes: false }] });
  expect(config.egress[0]?.lines[0]).toMatchObject({ timeoutMs: 7000, maxInFlight: 1, linkConfirm: false });
  expect(config.egress[0]?.lines[0]).toHaveProperty('outstations', UnitRanges.tryParse('0-65519', 65_535));
  expect(config.ingress[0]).toMatchObject({ listen: { host: '127.0.0.1', port: 20_000 }, timeoutMs: 10_000 });
});

it('takes DNP3 on serial lines, at 9600 baud without parity', () => {
  const serial = { path: '/dev/ttyUSB0' };
  const config = adapterConfigSchema.parse({
    server,
    egress: [{ ...outstations, lines: [{ serial }] }],
    ingress: [{ ...door, listen: undefined, serial }],
  });
  const settings = { path: '/dev/ttyUSB0', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 };
  expect(config.egress[0]?.lines[0]).toHaveProperty('serial', settings);
  expect(config.ingress[0]).toHaveProperty('serial', settings);
});

describe('says what is wrong, and where', () => {
  const line = (lines: object[]) => ({ egress: [{ ...egress, lines }] });
  it.each<[object, string]>([
    [{}, ': needs an ingress, where a master connects, or an egress, where devices are'],
    [line([{}]), 'egress.0.lines.0: needs exactly one of connect and serial'],
    [line([{ connect: 'a:1', serial: { path: 'x' } }]), 'egress.0.lines.0: needs exactly one of connect and serial'],
    [
      line([{ serial: { path: 'x' }, framing: 'tcp' }]),
      'egress.0.lines.0.framing: a serial line has frames of rtu or ascii',
    ],
    [
      line([{ connect: 'nowhere' }]),
      'egress.0.lines.0.connect: expected host:port such as 127.0.0.1:502, got "nowhere"',
    ],
    [line([{ connect: 'a:1' }, { connect: 'b:1' }]), 'egress.0.lines.1.name: lines[0] has the name "default", too'],
    [
      line([{ connect: 'a:1', units: '5-1' }]),
      'egress.0.lines.0.units: expected units such as 1, 1-10 or 1-10,20, got "5-1"',
    ],
    [
      { egress: [egress, egress] },
      'egress.1.account: egress[0] has this account, too: give them one egress with several lines',
    ],
    [
      { ingress: [{ ...ingress, routes: [...ingress.routes, { units: 10, to: 'other@example.org' }] }] },
      'ingress.0.routes.1.units: units 10 overlap with routes[0] (1-10)',
    ],
    [{ ingress: [{ ...ingress, listen: undefined }] }, 'ingress.0: needs exactly one of listen and serial'],
    [
      { egress: [{ ...outstations, masters: [{ jid: 'a@example.org' }, { jid: 'b@example.org' }] }] },
      'egress.0.masters.1.address: masters[0] has the address 1, too: outstations tell masters apart by it',
    ],
    [
      { egress: [{ ...outstations, lines: [{ connect: 'a:1' }, { connect: 'b:1' }] }] },
      'egress.0.lines.1.name: lines[0] has the name "default", too',
    ],
    [
      { egress: [{ ...outstations, lines: [{ outstations: 10 }] }] },
      'egress.0.lines.0: needs exactly one of connect and serial',
    ],
    [{ ingress: [{ ...door, serial: { path: 'x' } }] }, 'ingress.0: needs exactly one of listen and serial'],
    [
      { ingress: [{ ...door, routes: [...door.routes, { outstations: 19, to: 'other@example.org' }] }] },
      'ingress.0.routes.1.outstations: outstations 19 overlap with routes[0] (10-19)',
    ],
    [
      { ingress: [{ ...door, routes: [{ outstations: '65536', to: 'plant@example.org' }] }] },
      'ingress.0.routes.0.outstations: expected addresses such as 10, 10-20 or 10-20,30, got "65536"',
    ],
  ])('%j', (input, expected) => {
    expect(problems(input)).toContain(expected);
  });
});
