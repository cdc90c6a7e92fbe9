import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a port on loopback that can be slow, hold everything back, and be cut; it ends with the test. */
export async function badWay(to: number) {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const way = {
    port: 0,
    delayMs: 0,
    isHeld: false,
    hold: () => {
      way.isHeld = true;
    },
    release: () => {
      way.isHeld = false;
      for (const pass of held.splice(0)) pass();
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  const pipe = (from: Socket, into: Socket) => {
    sockets.add(from);
    from.on('data', (chunk) => {
      const pass = () => {
        if (into.writable) into.write(chunk);
      };
      if (way.isHeld) held.push(pass);
      else if (way.delayMs > 0) setTimeout(pass, way.delayMs);
      else pass();
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      sockets.delete(from);
      into.destroy();
    });
  };
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: to, noDelay: true });
    pipe(near, far);
    pipe(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    way.cut();
    server.close();
  });
  const address = server.address();
  way.port = typeof address === 'object' && address ? address.port : 0;
  return way;
}
