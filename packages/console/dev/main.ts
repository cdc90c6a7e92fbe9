import { startConsole } from '../src/start.tsx';
import { FakeConnection } from './fake-connection.ts';
import { Plant } from './plant.ts';

const plant = new Plant();
startConsole((credentials) => {
  const connection = new FakeConnection(credentials, plant);
  // To be played with from the browser's own console: thingwardFake.plant.unplug(), thingwardFake.connection.lose(5000)
  Object.assign(globalThis, { thingwardFake: { plant, connection } });
  return connection;
});
