import {
  buildGrammars,
  deserializeGrammars,
  ExiError,
  type Grammars,
  SchemaError,
  serializeGrammars,
} from '@thingward/exi';
import type { Element } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import { PeerError } from '../peer.ts';
import type { StreamCompressor } from '../stream/stream-compressor.ts';
import { readElement, readOpening, sendHeader } from '../stream/stream-reading.ts';
import type { XmlStream } from '../stream/xml-stream.ts';
import { StreamError } from '../stream-error.ts';
import { AgreedSetUp, configurationText } from './agreed-setup.ts';
import { MissingSchemaError, SchemaCatalogue } from './schema-catalogue.ts';
import { isSameSchema, type SchemaFile, type SchemaIdentity } from './schema-identity.ts';
import { type KeptSetUp, MemorySetUpKeeper, type SetUpKeeper } from './set-up-keeper.ts';
import {
  decodeExiSetupResponse,
  type ExiSetup,
  type ExiSetupResponse,
  encodeExiSetup,
  type StreamConfiguration,
} from './setup.ts';
import {
  COMPRESSION_FEATURE,
  compressRequest,
  decodeCompressionFeature,
  EXI_METHOD,
  STREAM_COMPRESSION,
} from './stream-compression.ts';
import { DEFAULT_STREAM_OPTIONS, type StreamOptions } from './stream-options.ts';
import { encodeSchemaUpload } from './upload-schema.ts';
import { EXI_COMPRESSION } from './values.ts';

/** Proposals in one negotiation: a server only ever lowers what it is proposed. */
const MAX_PROPOSALS = 3;

export interface ExiCompressorOptions {
  /** Of what is spoken on the stream. */
  readonly schemas: readonly SchemaFile[];
  /** What differs from EXI's defaults. */
  readonly options?: Partial<StreamOptions>;
  /** When not given, what was agreed on is remembered as long as this lives. */
  readonly keeper?: SetUpKeeper;
  /** Are schemas that a server lacks uploaded? */
  readonly uploads?: boolean;
}

/** Has a client's streams coded in EXI. One for all connections of a client. @see XEP-0322 §2.2 */
export class ExiCompressor implements StreamCompressor {
  readonly #catalogue: SchemaCatalogue;
  readonly #proposal: StreamConfiguration;
  readonly #keeper: SetUpKeeper;
  readonly #uploads: boolean;
  /** What was kept, ready for use. */
  #ready: { readonly kept: KeptSetUp; readonly setUp: AgreedSetUp } | undefined;
  #missing: readonly SchemaIdentity[] = [];
  /** The server did not offer it when it was asked last. */
  #isDeclined = false;
  /** What is still missing after an upload is not uploaded again. @see XEP-0322 §5 */
  #hasUploaded = false;

  constructor({ schemas, options, keeper = new MemorySetUpKeeper(), uploads = true }: ExiCompressorOptions) {
    this.#catalogue = new SchemaCatalogue(schemas);
    this.#proposal = {
      options: { ...DEFAULT_STREAM_OPTIONS, ...options },
      schemas: schemas.map(({ ns, bytes, md5Hash }) => ({ ns, bytes, md5Hash })),
      datatypeRepresentationMap: [],
    };
    this.#keeper = keeper;
    this.#uploads = uploads;
  }

  async begin(stream: XmlStream, account: Jid): Promise<(() => Promise<void>) | undefined> {
    const ready = stream.compress && (await this.#load(account));
    if (!ready) return undefined;
    const { configurationId } = ready.kept;
    sendHeader(stream, account);
    stream.send(encodeExiSetup({ kind: 'known', known: { configurationId } }));
    stream.send(compressRequest(EXI_METHOD));
    stream.compress?.(ready.setUp, 'sent');
    return async () => {
      await readOpening(stream);
      const { agreement } = decodeExiSetupResponse(await readElement(stream));
      const answer = await readElement(stream);
      if (!agreement || !answer.is('compressed', STREAM_COMPRESSION)) {
        await this.#forget(account);
        throw new PeerError('connection-lost', 'the server has forgotten what was agreed on for EXI');
      }
      stream.compress?.(ready.setUp, 'received');
    };
  }

  mayBeOffered(stream: XmlStream): boolean {
    return stream.compress !== undefined && !this.#isDeclined;
  }

  async negotiate(stream: XmlStream, features: Element, account: Jid): Promise<boolean> {
    const feature = features.child('compression', COMPRESSION_FEATURE);
    const isOffered = feature !== undefined && decodeCompressionFeature(feature).methods.includes(EXI_METHOD);
    this.#isDeclined = !isOffered;
    if (!isOffered || !stream.compress) return false;
    const setUp = (await this.#known(stream, account)) ?? (await this.#propose(stream, account));
    if (!setUp) return false;
    stream.send(compressRequest(EXI_METHOD));
    const answer = await readElement(stream);
    if (!answer.is('compressed', STREAM_COMPRESSION)) return false;
    stream.compress(setUp, 'both');
    return true;
  }

  /** @see XEP-0322 §2.2.3 */
  async afterwards(account: Jid): Promise<readonly Element[]> {
    const missing = this.#missing;
    if (!this.#uploads || this.#hasUploaded || missing.length === 0) return [];
    this.#hasUploaded = true;
    // What was agreed on without them is not what is wanted next time.
    await this.#forget(account);
    const files = [...this.#catalogue].filter((file) => missing.some((schema) => isSameSchema(schema, file)));
    return files.map(({ contents }) => encodeSchemaUpload({ contentType: 'Text', contents }));
  }

  takes(element: Element): boolean {
    return element.namespace === EXI_COMPRESSION || element.namespace === STREAM_COMPRESSION;
  }

  async #known(stream: XmlStream, account: Jid): Promise<AgreedSetUp | undefined> {
    const ready = await this.#load(account);
    if (!ready) return undefined;
    const { configurationId } = ready.kept;
    const response = await ask(stream, { kind: 'known', known: { configurationId } });
    if (response.agreement) return ready.setUp;
    await this.#forget(account);
    return undefined;
  }

  async #propose(stream: XmlStream, account: Jid): Promise<AgreedSetUp | undefined> {
    let configuration = this.#proposal;
    for (let attempt = 0; attempt < MAX_PROPOSALS; attempt++) {
      const response = await ask(stream, { kind: 'proposal', configuration });
      if (attempt === 0) this.#missing = response.missingSchemas;
      const accepted = response.configuration;
      if (response.agreement) return this.#agreed(account, accepted ?? configuration, response);
      // Nothing is left, or nothing was lowered: there is something else that the server does not want.
      if (!accepted || accepted.schemas.length === 0 || isSame(accepted, configuration)) return undefined;
      configuration = accepted;
    }
    return undefined;
  }

  async #agreed(
    account: Jid,
    configuration: StreamConfiguration,
    { known }: ExiSetupResponse,
  ): Promise<AgreedSetUp | undefined> {
    const grammars = this.#compile(configuration);
    if (!grammars) return undefined;
    const setUp = new AgreedSetUp(configuration, grammars);
    if (known && 'configurationId' in known) {
      const { configurationId } = known;
      const proposal = configurationText(this.#proposal);
      const kept = { configurationId, configuration, proposal, grammars: serializeGrammars(grammars) };
      this.#ready = { kept, setUp };
      await this.#keeper.save(account, kept);
    }
    return setUp;
  }

  #compile({ schemas }: StreamConfiguration): Grammars | undefined {
    try {
      return buildGrammars(this.#catalogue.compile(schemas));
    } catch (error) {
      // The server has taken schemas that can't be had together: then it is XML.
      if (error instanceof SchemaError || error instanceof ExiError || error instanceof MissingSchemaError)
        return undefined;
      throw error;
    }
  }

  async #load(account: Jid): Promise<{ readonly kept: KeptSetUp; readonly setUp: AgreedSetUp } | undefined> {
    const kept = await this.#keeper.load(account);
    if (!kept || kept.proposal !== configurationText(this.#proposal)) return undefined;
    if (this.#ready?.kept.configurationId === kept.configurationId) return this.#ready;
    try {
      this.#ready = { kept, setUp: new AgreedSetUp(kept.configuration, deserializeGrammars(kept.grammars)) };
      return this.#ready;
    } catch (error) {
      if (!(error instanceof ExiError)) throw error;
      await this.#forget(account);
      return undefined;
    }
  }

  async #forget(account: Jid): Promise<void> {
    this.#ready = undefined;
    await this.#keeper.save(account, undefined);
  }
}

async function ask(stream: XmlStream, setup: ExiSetup): Promise<ExiSetupResponse> {
  stream.send(encodeExiSetup(setup));
  const answer = await readElement(stream);
  if (!answer.is('setupResponse', EXI_COMPRESSION)) {
    throw new StreamError('bad-format', `unexpected <${answer.name}/> where EXI is agreed on`);
  }
  return decodeExiSetupResponse(answer);
}

function isSame(a: StreamConfiguration, b: StreamConfiguration): boolean {
  return configurationText(a) === configurationText(b);
}
