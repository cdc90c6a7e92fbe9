import { FindingError, type FoundServer, findServers, shownCertificate } from '@thingward/xmpp/finding';
import { Command } from 'commander';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';

interface FindServerOptions extends OutputOptions {
  readonly domain?: string;
  readonly seconds: string;
  readonly dhcpOption: string;
  readonly interface?: readonly string[];
}

const CERTIFICATE_TIMEOUT_MS = 5000;

export function findServerCommand(): Command {
  return new Command('find-server')
    .description(
      'look for XMPP servers with nothing typed: by DHCP, multicast DNS, SSDP, and DNS for a domain that is known',
    )
    .option('--domain <domain>', 'a domain whose doors DNS is to be asked for')
    .option('--seconds <number>', 'how long to look', '3')
    .option('--dhcp-option <code>', 'code of the option of DHCP that names the server', '224')
    .option(
      '--interface <address...>',
      'addresses or names of the network interfaces to look on; all but loopback when left out',
    )
    .option('--json', 'one JSON object per server, and per method that could not be used')
    .addHelpText(
      'after',
      '\nThe best comes first. Nobody has vouched for what is found: compare the fingerprint with what the server printed at its start,\n' +
        'and put it into the configuration, before you trust it.\n' +
        '\nExamples:\n  sudo thingward find-server          # DHCP needs a privileged port\n  thingward find-server --domain example.org --json',
    )
    .action(async (options: FindServerOptions) => {
      const { servers, failures } = await findServers({
        signal: AbortSignal.timeout(wholeNumber(options.seconds, '--seconds', 600) * 1000),
        domain: options.domain,
        addresses: options.interface,
        dhcpOption: wholeNumber(options.dhcpOption, '--dhcp-option', 254),
      });
      for (const { method, error } of failures) {
        if (options.json) printJson({ method, failure: error.message });
        else say(`${method}: ${error.message}`);
      }
      const shown = await Promise.all(servers.map(examine));
      if (options.json) for (const server of shown) printJson(server);
      else if (shown.length > 0) {
        printTable(
          ['method', 'domain', 'host', '>port', 'tls', 'vouched for', 'sha-256 fingerprint'],
          shown.map(({ method, domain, host, port, tls, isVouchedFor, fingerprint, failure = '' }) => [
            ...[method, domain, host, String(port), tls],
            ...[isVouchedFor ? 'yes' : 'no', fingerprint ?? failure],
          ]),
        );
      }
      if (shown.length === 0) throw new CommandError('no server was found');
    });
}

/** A server and the certificate it shows, or why it shows none. */
async function examine(server: FoundServer) {
  try {
    const certificate = await shownCertificate(server, AbortSignal.timeout(CERTIFICATE_TIMEOUT_MS));
    return { ...server, ...certificate, failure: undefined };
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
    return { ...server, isVouchedFor: false, fingerprint: undefined, failure: error.message };
  }
}

function wholeNumber(text: string, option: string, most: number): number {
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text);
  throw new UsageError(`${option} expects a whole number from 1 to ${most}, got "${text}"`);
}
