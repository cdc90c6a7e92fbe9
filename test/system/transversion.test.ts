import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Adapter, type AdapterConfigInput, DeviceConnections } from '@thingward/gateway';
import { decodeResponse, encodeTcpFrame, ModbusTcpServer, TcpFrameReader } from '@thingward/modbus';
import { TankProcess, tankUnit } from '@thingward/modbus/simulator';
import { ModbusTCPClient } from 'jsmodbus';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AdapterPlace, AdapterStage, doorOf, wayOpen } from '../adapter-stage.ts';
import { badWay } from '../bad-way.ts';

/** A master and a device, neither knowing of XMPP, with a real server and two adapters between them. */
describe('Modbus over XMPP', { timeout: 60_000 }, () => {
  const stage = new AdapterStage(['scada', 'reader', 'plant']);
  const { directory } = stage;
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  const egress = (
    device: number,
    more: Partial<NonNullable<AdapterConfigInput['egress']>[number]> = {},
    { policies, ...place }: AdapterPlace & { policies?: string } = {},
  ) =>
    stage.adapter(
      {
        ...(policies === undefined ? {} : { policies }),
        egress: [
          {
            account: stage.account('plant'),
            protocol: 'modbus',
            masters: [{ jid: 'scada@localhost', writes: true }, { jid: 'reader@localhost' }],
            lines: [{ connect: `127.0.0.1:${device}`, timeoutMs: 300, maxInFlight: 8 }],
            ...more,
          },
        ],
      },
      place,
    );

  /** @returns the port where masters connect, once there is a way to the devices */
  async function ingress(
    name = 'scada',
    timeoutMs = 2000,
  ): Promise<{ readonly port: number; readonly adapter: Adapter }> {
    const adapter = await stage.adapter({
      ingress: [
        {
          account: stage.account(name),
          protocol: 'modbus',
          listen: '127.0.0.1:0',
          timeoutMs,
          routes: [{ units: '1-10', to: 'plant@localhost' }],
        },
      ],
    });
    await wayOpen(adapter);
    return { port: doorOf(adapter), adapter };
  }

  /** A master that sends PDUs and gives the answers' PDUs by transaction. */
  async function master(at: number) {
    const socket = connect({ host: '127.0.0.1', port: at });
    onTestFinished(() => {
      socket.destroy();
    });
    const reader = new TcpFrameReader();
    const waiting = new Map<number, (pdu: Uint8Array) => void>();
    socket.on('data', (chunk) => {
      for (const { transactionId, pdu } of reader.push(chunk)) waiting.get(transactionId)?.(pdu);
    });
    let last = 0;
    return (unit: number, ...pdu: number[]) =>
      new Promise<Uint8Array>((resolve) => {
        const transactionId = ++last;
        waiting.set(transactionId, resolve);
        socket.write(encodeTcpFrame({ transactionId, unit, pdu: Uint8Array.from(pdu) }));
      });
  }

  async function plc() {
    const process = new TankProcess(() => 0.5);
    const device = new ModbusTcpServer(new Map([[1, tankUnit(process)]]), { absentUnit: 'silence' });
    onTestFinished(() => device.close());
    return { process, port: await device.listen(0) };
  }

  /** A device that keeps the bytes it gets, and answers as it is told. */
  async function recorder(answer: (pdu: Uint8Array, socket: Socket) => Uint8Array | undefined) {
    const received: Buffer[] = [];
    const device = createServer((socket) => {
      const reader = new TcpFrameReader();
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        received.push(chunk);
        for (const { transactionId, unit, pdu } of reader.push(chunk)) {
          const reply = answer(pdu, socket);
          if (reply) socket.write(encodeTcpFrame({ transactionId, unit, pdu: reply }));
        }
      });
    });
    await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      device.close();
    });
    const address = device.address();
    return { port: typeof address === 'object' && address ? address.port : 0, received: () => Buffer.concat(received) };
  }

  it('reads and writes, with the exceptions of the device', async () => {
    const device = await plc();
    await egress(device.port);
    const ask = await master((await ingress()).port);
    expect(decodeResponse(await ask(1, 4, 0, 0, 0, 1))).toEqual({ kind: 'read-input-registers', values: [500] });
    expect([...(await ask(1, 6, 0, 0, 1, 169))]).toEqual([6, 0, 0, 1, 169]);
    expect(device.process.inputs.valveOpening).toBe(42.5);
    expect([...(await ask(1, 6, 0, 0, 255, 255))]).toEqual([0x86, 3]);
    expect([...(await ask(1, 3, 0, 99, 0, 1))]).toEqual([0x83, 2]);
    expect(decodeResponse(await ask(1, 43, 14, 1, 0))).toMatchObject({ objects: [{ id: 0 }, { id: 1 }, { id: 2 }] });
    expect([...(await ask(1, 100, 1, 2, 3))]).toEqual([0xe4, 1]);
  });

  it('gives the device the bytes that the master sent, transactions included', async () => {
    const device = await recorder((pdu) => (pdu[0] === 6 ? pdu : Uint8Array.of((pdu[0] as number) | 0x80, 1)));
    await egress(device.port);
    const at = (await ingress()).port;
    const sent = [
      [1, 3, 0, 107, 0, 3],
      [7, 6, 0, 1, 0, 3],
      [1, 15, 0, 19, 0, 10, 2, 205, 1],
      [1, 43, 14, 1, 0],
      [10, 100, 9, 9],
    ].map(([unit = 0, ...pdu], i) => encodeTcpFrame({ transactionId: 0x1234 + i, unit, pdu: Uint8Array.from(pdu) }));
    const socket = connect({ host: '127.0.0.1', port: at });
    onTestFinished(() => {
      socket.destroy();
    });
    for (const frame of sent) {
      socket.write(frame);
      await new Promise((resolve) => socket.once('data', resolve));
    }
    expect(device.received()).toEqual(Buffer.concat(sent));
  });

  it('serves a client of another make', async () => {
    const device = await plc();
    await egress(device.port);
    const socket = connect({ host: '127.0.0.1', port: (await ingress()).port });
    onTestFinished(() => {
      socket.destroy();
    });
    const client = new ModbusTCPClient(socket, 1, 5000);
    await new Promise((resolve) => socket.once('connect', resolve));
    const level = await client.readInputRegisters(0, 2);
    expect(level.response.body.valuesAsArray).toEqual([500, expect.any(Number)]);
    await client.writeSingleCoil(0, false);
    await client.writeMultipleRegisters(0, [300, 700]);
    expect((await client.readHoldingRegisters(0, 2)).response.body.valuesAsArray).toEqual([300, 700]);
    expect(device.process.inputs).toMatchObject({ inletValveOpen: false, valveOpening: 30 });
    await expect(client.readHoldingRegisters(99, 1)).rejects.toMatchObject({ err: 'ModbusException' });
  });

  it('answers a unit that is silent with exception 11, a unit nobody has with exception 10', async () => {
    const device = await plc();
    await egress(device.port);
    const ask = await master((await ingress()).port);
    const [silent, absent, alive] = await Promise.all([
      ask(9, 4, 0, 0, 0, 1),
      ask(77, 4, 0, 0, 0, 1),
      ask(1, 4, 0, 0, 0, 1),
    ]);
    expect([[...silent], [...absent], alive[0]]).toEqual([[0x84, 11], [0x84, 10], 4]);
  });

  it('lets a master that may only read do no more, and nobody else anything', async () => {
    const device = await plc();
    const devices = await egress(device.port);
    const ask = await master((await ingress('reader')).port);
    expect([...(await ask(1, 4, 0, 0, 0, 1))]).toEqual([4, 2, 1, 244]);
    expect([...(await ask(1, 6, 0, 0, 0, 1))]).toEqual([0x86, 1]);
    expect([...(await ask(1, 100, 0))]).toEqual([0xe4, 1]);
    expect(device.process.inputs.valveOpening).toBe(80);
    expect(devices.status()[0]?.egress).toMatchObject({ answered: 1, refused: 2 });
  });

  it('refuses what is no request at once, and goes on', async () => {
    const device = await plc();
    await egress(device.port);
    const ask = await master((await ingress()).port);
    expect([...(await ask(1, 3, 0, 0, 0, 126))]).toEqual([0x83, 3]);
    expect([...(await ask(1, 3, 255, 255, 0, 2))]).toEqual([0x83, 2]);
    expect([...(await ask(1, 4, 0, 0, 0, 1))]).toEqual([4, 2, 1, 244]);
  });

  it('says exception 10 while the devices are away, and finds them again', async () => {
    const device = await plc();
    const first = await egress(device.port);
    const { port: at } = await ingress();
    const ask = await master(at);
    expect((await ask(1, 4, 0, 0, 0, 1))[0]).toBe(4);
    await first.stop();
    await vi.waitFor(async () => expect([...(await ask(1, 4, 0, 0, 0, 1))]).toEqual([0x84, 10]), { timeout: 5000 });
    await egress(device.port);
    await vi.waitFor(async () => expect((await ask(1, 4, 0, 0, 0, 1))[0]).toBe(4), { timeout: 10_000 });
  });

  it('sends a write whose answer is lost once, and says that the device failed to respond', async () => {
    let writes = 0;
    const device = await recorder((pdu) => {
      if (pdu[0] === 6) writes++;
      return pdu[0] === 6 ? undefined : Uint8Array.of(4, 2, 0, 1);
    });
    await egress(device.port);
    const ask = await master((await ingress()).port);
    expect([...(await ask(1, 6, 0, 0, 0, 1))]).toEqual([0x86, 11]);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(writes).toBe(1);
    expect([...(await ask(1, 4, 0, 0, 0, 1))]).toEqual([4, 2, 0, 1]);
  });

  it('does not let one master that asks without end starve another', async () => {
    const device = await recorder((pdu) => Uint8Array.of(pdu[0] as number, 2, 0, 1));
    await egress(device.port, { lines: [{ connect: `127.0.0.1:${device.port}`, maxInFlight: 1 }] });
    const [busy, calm] = [await master((await ingress('scada')).port), await master((await ingress('reader')).port)];
    let answered = 0;
    for (let i = 0; i < 200; i++) void busy(1, 4, 0, 0, 0, 1).then(() => answered++);
    const before = answered;
    await calm(1, 4, 0, 0, 0, 1);
    expect(answered - before).toBeLessThan(150);
  });

  it('lets policies decide at the devices: two registers within limits, and nothing else', async () => {
    const device = await plc();
    const policies = join(directory, 'policies');
    await mkdir(policies);
    await writeFile(
      join(policies, 'scada.cedar'),
      `forbid(principal, action == Action::"write", resource == Thing::"plant@localhost")
       unless {
         context has table && context.table == "holdingRegister" && context has address && context.address >= 0 &&
         context has lastAddress && context.lastAddress <= 1 && context has number &&
         context.number.greaterThanOrEqual(decimal("100.0")) && context.number.lessThanOrEqual(decimal("800.0"))
       };`,
    );
    await egress(device.port, {}, { policies });
    const ask = await master((await ingress()).port);
    expect((await ask(1, 4, 0, 0, 0, 1))[0]).toBe(4);
    expect([...(await ask(1, 6, 0, 0, 1, 44))]).toEqual([6, 0, 0, 1, 44]);
    expect([...(await ask(1, 6, 0, 0, 3, 132))]).toEqual([0x86, 1]);
    expect([...(await ask(1, 5, 0, 0, 255, 0))]).toEqual([0x85, 1]);
    expect([...(await ask(1, 16, 0, 1, 0, 2, 4, 2, 88, 2, 88))]).toEqual([0x90, 1]);
    expect(device.process.inputs).toMatchObject({ valveOpening: 30, inletValveOpen: true });
  });

  it('lets others see what the master reads, without asking the device again', async () => {
    const device = await plc();
    const connections = new DeviceConnections();
    await egress(device.port, {}, { connections });
    const seen: unknown[] = [];
    const line = connections.modbus.to({ host: '127.0.0.1', port: device.port, timeoutMs: 300, maxInFlight: 8 });
    connections.modbus.observe(line, 1, (request, response) => seen.push([request, response]));
    const ask = await master((await ingress()).port);
    await ask(1, 4, 0, 0, 0, 1);
    expect(seen).toEqual([
      [
        { kind: 'read-input-registers', address: 0, quantity: 1 },
        { kind: 'read-input-registers', values: [500] },
      ],
    ]);
  });

  describe('over a bad way', () => {
    it('takes a way of 300 ms in each direction, with requests in a row', async () => {
      const device = await plc();
      const way = await badWay(stage.port);
      way.delayMs = 300;
      await egress(device.port, {}, { at: way.port });
      const ask = await master((await ingress('scada', 5000)).port);
      const before = performance.now();
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(1, 4, 0, 0, 0, 1)));
      expect(answers.map((answer) => answer[0])).toEqual(Array.from({ length: 10 }, () => 4));
      const took = performance.now() - before;
      expect(took).toBeGreaterThan(590);
      // Ten in a row would take six seconds.
      expect(took).toBeLessThan(3000);
    });

    it('does not carry out what the way has held back for too long, and goes on afterwards', async () => {
      const written: number[] = [];
      const device = await recorder((pdu) => {
        if (pdu[0] === 6) written.push(pdu[4] as number);
        return pdu[0] === 6 ? pdu : Uint8Array.of(4, 2, 0, 1);
      });
      const way = await badWay(stage.port);
      await egress(device.port, {}, { at: way.port });
      const ask = await master((await ingress('scada', 1500)).port);
      // The clocks are compared with the first write.
      expect([...(await ask(1, 6, 0, 0, 0, 1))]).toEqual([6, 0, 0, 0, 1]);
      way.hold();
      expect([...(await ask(1, 6, 0, 0, 0, 2))]).toEqual([0x86, 11]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      way.release();
      await vi.waitFor(async () => expect([...(await ask(1, 4, 0, 0, 0, 1))]).toEqual([4, 2, 0, 1]), { timeout: 5000 });
      expect([...(await ask(1, 6, 0, 0, 0, 3))]).toEqual([6, 0, 0, 0, 3]);
      expect(written).toEqual([1, 3]);
    });

    it('answers with exception 11 when it is cut within a transaction, writes once, and finds its way again', async () => {
      let writes = 0;
      const way = await badWay(stage.port);
      const device = await recorder((pdu) => {
        if (pdu[0] !== 6) return Uint8Array.of(4, 2, 0, 1);
        writes++;
        way.cut();
        return pdu;
      });
      await egress(device.port, {}, { at: way.port });
      const { port: at } = await ingress('scada', 2000);
      const ask = await master(at);
      expect([...(await ask(1, 6, 0, 0, 0, 1))][0]).toBe(0x86);
      await vi.waitFor(async () => expect([...(await ask(1, 4, 0, 0, 0, 1))]).toEqual([4, 2, 0, 1]), {
        timeout: 20_000,
      });
      expect(writes).toBe(1);
    });
  });
});
