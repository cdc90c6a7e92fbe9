import { z } from 'zod';

/** An address to listen at or to connect to. */
export const hostPort = z.string().transform((text, context) => {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  // An IPv6 address is written in brackets, but listened on without.
  if (match && port <= 65_535) return { host: (match[1] as string).replace(/^\[(.*)\]$/, '$1'), port };
  context.addIssue({ code: 'custom', message: `expected host:port such as 127.0.0.1:502, got "${text}"` });
  return z.NEVER;
});

/** As it is written in configurations. */
export function hostPortText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
