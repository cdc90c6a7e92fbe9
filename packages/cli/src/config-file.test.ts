import { gatewayConfigSchema } from '@thingward/gateway';
import { serverConfigSchema } from '@thingward/server';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseConfig } from './config-file.ts';

const server = (text: string) => parseConfig(text, 'thingward.yaml', serverConfigSchema);

describe('parseConfig', () => {
  it('gives the checked value with its defaults', () => {
    expect(server('domain: example.org\nlisten: { c2s: 127.0.0.1:5555 }')).toMatchObject({
      domain: 'example.org',
      listen: { c2s: { host: '127.0.0.1', port: 5555 } },
      auth: { allowPlaintext: false },
    });
  });

  it('names file, line, column and the key that was probably meant', () => {
    expect(() => server('domain: example.org\nlisten:\n  c2sTsl: 127.0.0.1:5223\n')).toThrow(
      'thingward.yaml:3:3: listen: there is no key "c2sTsl": did you mean "c2sTls"?',
    );
    expect(() => server('domain: example.org\ndataDri: x')).toThrow(
      /:2:1: there is no key "dataDri": did you mean "dataDir"\?/,
    );
  });

  it('lists the keys there are when none is near', () => {
    expect(() => server('domain: example.org\nhistory: { forever: true }')).toThrow(
      /"forever" \(there are: retentionDays\)/,
    );
  });

  it('says what is missing and what is wrong, all at once', () => {
    expect(() => server('listen: { http: 8080 }')).toThrow(/domain: is missing[\s\S]*listen\.http/);
    expect(() => server('domain: example.org\nlisten: { http: "8080" }')).toThrow(
      'thingward.yaml:2:17: listen.http: expected host:port such as 127.0.0.1:5222, got "8080"',
    );
  });

  it('refuses plaintext beyond loopback', () => {
    expect(() => server('domain: example.org\nlisten: { c2s: "0.0.0.0:5222" }\nauth:\n  allowPlaintext: true')).toThrow(
      /4:19: auth\.allowPlaintext: can't be true while listen\.c2s is 0\.0\.0\.0/,
    );
  });

  it('says where YAML itself is broken', () => {
    expect(() => server('domain: "example.org\n')).toThrow(/^thingward\.yaml:\d+:\d+: /);
    expect(() => server('a: 1\na: 2')).toThrow(/2:1: Map keys must be unique/);
  });

  it('looks for names in the right branch of a choice', () => {
    const text = `
server: { domain: example.org }
things:
  - account: { jid: a@example.org, password: x }
    name: A
    driver: modbus-tcp
    modbus:
      host: 127.0.0.1
      points:
        - { name: Level, table: coil, adress: 1 }
`;
    expect(() => parseConfig(text, 'gateway.yaml', gatewayConfigSchema)).toThrow(
      /gateway\.yaml:10:39: things\[0\]\.modbus\.points\[0\]: there is no key "adress": did you mean "address"\?/,
    );
  });

  it('takes an empty file as nothing', () => {
    expect(() => parseConfig('', 'x.yaml', z.strictObject({ a: z.string() }))).toThrow(/^x\.yaml:1:1: /);
  });
});
