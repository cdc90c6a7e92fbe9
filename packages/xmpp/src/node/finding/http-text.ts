import { request } from 'node:http';

/**
 * What is to be read at an address by plain HTTP. Redirects are not followed.
 * @param host to connect to: an address of the link alone needs its zone, which an address of the web has not
 * @throws Error where there is no answer 200, or one of more bytes
 */
export function httpText(location: URL, host: string, signal: AbortSignal, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        host,
        port: location.port === '' ? 80 : Number(location.port),
        path: location.pathname + location.search,
        headers: { host: location.host },
        agent: false,
        signal,
      },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        if (response.statusCode !== 200) response.destroy(new Error(`HTTP ${response.statusCode}`));
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > maxBytes) response.destroy(new Error(`more than ${maxBytes} bytes`));
          else parts.push(part);
        });
        response.once('error', reject);
        response.once('end', () => resolve(Buffer.concat(parts).toString('utf8')));
      },
    );
    asking.once('error', reject);
    asking.end();
  });
}
