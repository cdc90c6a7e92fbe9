import { ExiError, SchemaError } from '@thingward/exi';
import type { Element } from '@thingward/xml';
import { type Jid, type Logger, type StreamCompression, StreamError } from '@thingward/xmpp';
import {
  type AgreedSetUp,
  type CompressionFailure,
  compressedAnswer,
  compressionFailure,
  decodeCompressRequest,
  decodeExiSetup,
  decodeSchemaDownload,
  decodeSchemaUpload,
  EXI_COMPRESSION,
  EXI_METHOD,
  type ExiSetup,
  type ExiSetupResponse,
  encodeCompressionFeature,
  encodeExiSetupResponse,
  encodeSchemaDownloadResponse,
  identifySchema,
  identifyUpload,
  type KnownConfiguration,
  STREAM_COMPRESSION,
  type StreamConfiguration,
} from '@thingward/xmpp/exi';
import { Rate } from '../rate.ts';
import type { ExiSetUps } from './exi-set-ups.ts';
import { downloadSchema } from './schema-download.ts';

/** Proposals, uploads and downloads that one stream may make at once, and in a minute. */
const REQUESTS = { perSecond: 1, seconds: 60 };
const DOWNLOAD_TIMEOUT_MS = 20_000;

export interface ExiNegotiationOptions {
  readonly setUps: ExiSetUps;
  readonly log: Logger;
  /** Port that speaks EXI from the first byte, where one is open. */
  readonly exiPort?: (() => number | undefined) | undefined;
  /** May the stream be coded in EXI from here on? */
  readonly canCompress: boolean;
  /** Does it speak EXI already, so that an agreement counts at once? @see XEP-0322 §2.4 */
  readonly isBinding?: boolean;
  /** Answers what takes longer. */
  readonly send: (element: Element) => void;
}

/** Is it an element about compression? */
export function isCompression(namespace: string): boolean {
  return namespace === STREAM_COMPRESSION || namespace === EXI_COMPRESSION;
}

/** What one stream negotiates before it is coded in EXI: options and schemas. @see XEP-0322 §2.2, XEP-0138 */
export class ExiNegotiation implements StreamCompression {
  readonly #options: ExiNegotiationOptions;
  readonly #requests = new Rate(REQUESTS.perSecond, REQUESTS.seconds, performance.now());
  /** What the last answer allowed, to be used when the client asks for it. */
  #accepted: AgreedSetUp | undefined;
  #isCompressed = false;
  #isDownloading = false;

  constructor(options: ExiNegotiationOptions) {
    this.#options = options;
  }

  offer({ authenticated }: { readonly authenticated: boolean }): Element | undefined {
    const { canCompress, isBinding, exiPort } = this.#options;
    if (this.#isCompressed || isBinding || !canCompress) return undefined;
    return encodeCompressionFeature({ methods: [EXI_METHOD], exiPort: authenticated ? undefined : exiPort?.() });
  }

  takes(namespace: string): boolean {
    return isCompression(namespace);
  }

  async handle(
    element: Element,
    account: Jid | undefined,
  ): Promise<{ readonly answer?: Element | undefined; readonly setUp?: AgreedSetUp | undefined }> {
    if (element.is('compress', STREAM_COMPRESSION)) return this.#compress(element);
    if (this.#requests.take(performance.now()) > 0) {
      throw new StreamError('policy-violation', 'too many attempts to agree on EXI');
    }
    switch (element.namespace === EXI_COMPRESSION ? element.name : '') {
      case 'setup':
        return this.#setup(decodeExiSetup(element), account);
      case 'uploadSchema':
        await this.#upload(element, account);
        return {};
      case 'downloadSchema':
        return { answer: this.#download(decodeSchemaDownload(element), account) };
      default:
        throw new StreamError('unsupported-stanza-type', `<${element.name}/> is not part of compression`);
    }
  }

  /** @see XEP-0138 §4, §5 */
  #compress(request: Element): { readonly answer: Element; readonly setUp?: AgreedSetUp } {
    const failed = (failure: CompressionFailure) => ({ answer: compressionFailure(failure) });
    const { canCompress, isBinding } = this.#options;
    if (this.#isCompressed || isBinding || !decodeCompressRequest(request).includes(EXI_METHOD)) {
      return failed('unsupported-method');
    }
    if (!canCompress) return failed('processing-failed');
    if (!this.#accepted) return failed('setup-failed');
    this.#isCompressed = true;
    return { answer: compressedAnswer(), setUp: this.#accepted };
  }

  #setup(setup: ExiSetup, account: Jid | undefined): { readonly answer: Element; readonly setUp?: AgreedSetUp } {
    const response = setup.kind === 'known' ? this.#known(setup.known, account) : this.#proposed(setup, account);
    const answer = encodeExiSetupResponse(response);
    const { isBinding, canCompress } = this.#options;
    const startsAnew = isBinding && canCompress && response.agreement && this.#accepted;
    return startsAnew ? { answer, setUp: startsAnew } : { answer };
  }

  /** @see XEP-0322 §2.2.6, §3.11 */
  #known(known: KnownConfiguration, account: Jid | undefined): ExiSetupResponse {
    const { setUps } = this.#options;
    const configuration =
      'configurationId' in known
        ? setUps.configurations.get(known.configurationId, account?.local)
        : setUps.located(known.configurationLocation);
    // Some of its schemas may be gone, or the configuration may not be what is taken here.
    const isStillFine = configuration && setUps.consider(configuration, account?.local).isAgreed;
    this.#accepted = isStillFine ? setUps.setUp(configuration, account?.local) : undefined;
    return { agreement: this.#accepted !== undefined, known, missingSchemas: [] };
  }

  /** @see XEP-0322 §2.2.2 */
  #proposed(
    { configuration }: { readonly configuration: StreamConfiguration },
    account: Jid | undefined,
  ): ExiSetupResponse {
    const { setUps } = this.#options;
    const { accepted, missing, isAgreed } = setUps.consider(configuration, account?.local);
    this.#accepted = setUps.setUp(accepted, account?.local);
    const agreement = isAgreed && this.#accepted !== undefined;
    const configurationId = agreement
      ? setUps.configurations.remember(accepted, setUps.ownerOf(accepted, account?.local))
      : undefined;
    return {
      agreement,
      known: configurationId === undefined ? undefined : { configurationId },
      configuration: accepted,
      missingSchemas: missing,
    };
  }

  /** There is no answer: what came of it is seen at the next proposal. @see XEP-0322 §2.2.3, §5 */
  async #upload(element: Element, account: Jid | undefined): Promise<void> {
    const { setUps, log } = this.#options;
    if (!account?.local || !setUps.settings.uploads) return;
    try {
      const { maxSchemaBytes: maxBytes } = setUps.settings;
      const upload = decodeSchemaUpload(element, maxBytes);
      const file = identifyUpload('upload', upload, { maxBytes });
      // What was coded in EXI is what its sender says it is: that counts for the sender alone.
      await setUps.schemas.add(file, upload.contentType === 'Text' ? undefined : account.local);
      log.info({ account: account.toString(), ns: file.ns, bytes: file.bytes }, 'a schema was uploaded for EXI');
    } catch (error) {
      const isRefused =
        error instanceof SchemaError ||
        error instanceof ExiError ||
        (error instanceof StreamError && error.condition === 'policy-violation');
      if (!isRefused) throw error;
      log.info({ account: account.toString(), reason: error.message }, 'an uploaded schema was not taken');
    }
  }

  /** @returns what the client is told at once @see XEP-0322 §2.2.5 */
  #download(url: string, account: Jid | undefined): Element | undefined {
    const { setUps, log, send } = this.#options;
    const refusal = (message: string) =>
      encodeSchemaDownloadResponse({ url, isDownloaded: false, failure: { kind: 'error', message } });
    const { downloadFrom } = setUps.settings;
    if (downloadFrom.length === 0) return refusal('This server downloads no schemas.');
    if (!account) return refusal('Authenticate first.');
    if (this.#isDownloading) return refusal('One download at a time.');
    const host = URL.canParse(url) ? new URL(url).hostname : '';
    if (!downloadFrom.includes('*') && !downloadFrom.includes(host)) {
      return refusal(`This server downloads no schemas from ${host || 'there'}.`);
    }
    this.#isDownloading = true;
    void this.#fetch(url)
      .catch((error: unknown) => {
        log.error({ err: error, url }, 'a schema could not be downloaded');
        return refusal('The download failed.');
      })
      .then((response) => {
        this.#isDownloading = false;
        send(response);
      });
    return undefined;
  }

  async #fetch(url: string): Promise<Element> {
    const { settings, schemas } = this.#options.setUps;
    const result = await downloadSchema(url, { maxBytes: settings.maxSchemaBytes, timeoutMs: DOWNLOAD_TIMEOUT_MS });
    if (result.kind === 'schema') {
      try {
        await schemas.add(identifySchema(url, result.bytes));
      } catch (error) {
        if (!(error instanceof SchemaError)) throw error;
        const failure = { kind: 'error', message: 'It is no XML Schema.' } as const;
        return encodeSchemaDownloadResponse({ url, isDownloaded: false, failure });
      }
      return encodeSchemaDownloadResponse({ url, isDownloaded: true });
    }
    const failure =
      result.kind === 'invalidContentType' ? { kind: result.kind, contentTypeReturned: result.contentType } : result;
    return encodeSchemaDownloadResponse({ url, isDownloaded: false, failure });
  }
}
