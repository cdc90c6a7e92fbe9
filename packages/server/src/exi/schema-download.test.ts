import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestAuthority } from '../../test/certificates.ts';
import { downloadSchema } from './schema-download.ts';

const SCHEMA = `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:example'/>`;

const directory = mkdtempSync(join(tmpdir(), 'thingward-download-'));
let certificate: { cert: string; key: string };
let ca: string;
let server: Server | undefined;

beforeAll(async () => {
  const authority = await TestAuthority.create(directory);
  ca = readFileSync(authority.file, 'utf8');
  const { cert, key } = await authority.issue('localhost');
  certificate = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** @returns the URL of a server that answers like this */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const made = createServer(certificate, answer);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `https://localhost:${(made.address() as AddressInfo).port}/a/schema.xsd?b=1`;
}

const download = (url: string, more: object = {}) =>
  downloadSchema(url, {
    maxBytes: 1000,
    timeoutMs: 2000,
    isAllowed: (address) => address === '127.0.0.1',
    ca,
    ...more,
  });

const sends =
  (body: string, contentType = 'application/xml') =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.setHeader('content-type', contentType);
    response.end(body);
  };

describe('downloadSchema', () => {
  it('brings the exact bytes', async () => {
    let asked: string | undefined;
    const url = await serve((request, response) => {
      asked = request.url;
      sends(SCHEMA)(request, response);
    });
    expect(await download(url)).toEqual({ kind: 'schema', bytes: Buffer.from(SCHEMA) });
    expect(asked).toBe('/a/schema.xsd?b=1');
  });

  it('goes nowhere but to the public Internet', async () => {
    let asked = false;
    const url = await serve(() => {
      asked = true;
    });
    const result = await downloadSchema(url, { maxBytes: 1000, timeoutMs: 2000, ca });
    expect(result).toMatchObject({ kind: 'invalidUrl' });
    for (const host of ['127.0.0.1', '[::1]', '10.0.0.1', '169.254.169.254', '[::ffff:127.0.0.1]', '2130706433']) {
      expect(await downloadSchema(`https://${host}/x`, { maxBytes: 1, timeoutMs: 500 })).toMatchObject({
        kind: 'invalidUrl',
      });
    }
    expect(asked).toBe(false);
  });

  it.each([
    'http://example.org/x.xsd',
    'urk://example.org/schema.xsd',
    'file:///etc/passwd',
    'https://a:b@example.org/',
    'x',
  ])('takes no %s', async (url) => expect(await download(url)).toMatchObject({ kind: 'invalidUrl' }));

  it('tells of errors of HTTP, and does not follow redirections', async () => {
    const url = await serve((_, response) => {
      response.writeHead(302, 'Found', { location: 'https://localhost/' }).end();
    });
    expect(await download(url)).toEqual({ kind: 'httpError', code: 302, message: 'Found' });
  });

  it('takes only what can be a schema', async () => {
    const url = await serve(sends('<html/>', 'text/html; charset=utf-8'));
    expect(await download(url)).toEqual({ kind: 'invalidContentType', contentType: 'text/html; charset=utf-8' });
  });

  it('takes no more than allowed, whether the length is told or not', async () => {
    expect(await download(await serve(sends('x'.repeat(1001))))).toMatchObject({ kind: 'error' });
    server?.close();
    const url = await serve((_, response) => {
      response.setHeader('content-type', 'text/xml');
      for (let i = 0; i < 11; i++) response.write('x'.repeat(100));
      response.end();
    });
    expect(await download(url)).toMatchObject({ kind: 'error', message: expect.stringContaining('longer than 1000') });
  });

  it('gives up in time', async () => {
    const url = await serve((_, response) => {
      response.setHeader('content-type', 'text/xml');
      response.write('<');
    });
    expect(await download(url, { timeoutMs: 200 })).toMatchObject({ kind: 'timeout' });
  });

  it('trusts no certificate it does not know', async () => {
    const url = await serve(sends(SCHEMA));
    expect(await download(url, { ca: undefined })).toMatchObject({ kind: 'error' });
  });
});
