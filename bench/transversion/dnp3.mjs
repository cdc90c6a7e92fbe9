/* DNP3 over TCP as the benchmark of transversion needs it: outstations with ten analog inputs, and a master that reads them. */
import { connect } from 'node:net';
import { Dnp3TcpServer, decodeFragment, encodePacket, LinkFrameReader, Outstation, packetOf } from '@thingward/dnp3';

const READ = 1;
const UNANSWERED_MS = 2000;
const FROM_MASTER = { fromMaster: true, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
const POINTS = Array.from({ length: 10 }, (_, index) => ({ kind: 'analog', index, pointClass: 2, staticVariation: 2 }));
const READ_TEN = { group: 30, variation: 2, prefix: 'none', range: 'start-stop-8', start: 0, stop: 9, items: [] };

function outstation(address) {
  const made = new Outstation({ address, points: POINTS });
  for (const { index } of POINTS) made.database.update('analog', index, { value: 425 });
  return made;
}

export const dnp3 = {
  protocol: 'dnp3',
  what: 'a read of ten analog inputs',
  perDoor: 1000,
  /** One outstation answers one request at a time. */
  inFlight: (n) => n + 1,
  master: { address: 1 },
  units: (text) => ({ outstations: text }),

  async openDevices(port, count, maxConnections) {
    const outstations = Array.from({ length: count }, (_, i) => outstation(i + 1));
    const server = new Dnp3TcpServer(outstations, { maxConnections });
    await server.listen(port, '0.0.0.0');
    return { close: () => server.close() };
  },

  /** A master with one connection, whose requests to each outstation are one after the other. */
  openMaster(port) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const reader = new LinkFrameReader();
    const waiting = new Map();
    const sequences = new Map();
    socket.on('data', (chunk) => {
      for (const { source, userData } of reader.push(chunk)) {
        const { control, objects } = decodeFragment(userData.subarray(1));
        if (control.sequence === sequences.get(source)) waiting.get(source)?.(objects[0]?.items.length === 10);
      }
    });
    return {
      ask(destination) {
        return new Promise((resolve) => {
          const sequence = ((sequences.get(destination) ?? 0) + 1) & 0x0f;
          sequences.set(destination, sequence);
          const timer = setTimeout(() => resolve(false), UNANSWERED_MS);
          waiting.set(destination, (isAnswered) => {
            clearTimeout(timer);
            resolve(isAnswered);
          });
          const control = { first: true, final: true, confirm: false, unsolicited: false, sequence };
          const header = { destination, source: 1, control: FROM_MASTER, sequence };
          socket.write(encodePacket(packetOf({ control, function: READ, objects: [READ_TEN] }, header)));
        });
      },
      close: () => socket.destroy(),
    };
  },
};
