import { join } from 'node:path';
import {
  type DataForm,
  decodeUploadRequest,
  encodeUploadSlot,
  fileTooLargeError,
  HTTP_UPLOAD,
  PING,
  StanzaError,
  serveDisco,
  servePing,
  UPLOAD_PURPOSES,
  type UploadRequest,
} from '@thingward/xmpp';
import { uploadPath, uploadRoutes } from '../http/upload-routes.ts';
import type { ServerModule } from '../module.ts';
import { ServiceHost } from '../service-host.ts';
import { UploadSigner } from '../upload/upload-signature.ts';
import { SLOT_MS, UploadStore } from '../upload/upload-store.ts';
import { type UploadSchema, uploadMigrations } from '../upload/upload-tables.ts';

const TITLE = 'HTTP File Upload';
const SWEEP_MS = 3_600_000;
const MAX_FILENAME_BYTES = 255;
/** Type, subtype and parameters, in ASCII. @see RFC 9110 §8.3.1 */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: ?; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ !#-[\]-~]*"))*$/;
const MAX_MEDIA_TYPE_LENGTH = 255;

/** Gives accounts places to put files to, at `upload.` of the domain. @see XEP-0363 */
export const httpUpload: ServerModule = {
  name: 'http-upload',
  migrations: uploadMigrations,
  start({ config, database, domain, log, router, temporaries, turns, web }) {
    const settings = config.upload;
    if (!settings.enabled || !config.listen.http) return;
    const tables = database.withTables<UploadSchema>();
    const store = new UploadStore(tables, join(config.dataDir, 'uploads'), settings);
    const signer = new UploadSigner(tables);
    store.removePartial();
    web.add((app) => uploadRoutes(app, store, signer, log));

    const most = () => Math.min(settings.maxFileBytes, settings.quotaBytes);
    const host = new ServiceHost(`upload.${domain}`, TITLE, router, { log, turns, limits: config.limits });
    host.onIq('get', { name: 'request', namespace: HTTP_UPLOAD }, async ({ from, payload }) => {
      if (from.domain !== domain || from.local === undefined || temporaries.has(from.local)) {
        throw new StanzaError('forbidden', `only accounts of ${domain} may upload files`);
      }
      const base = settings.publicUrl ?? web.url;
      if (base === undefined) throw new StanzaError('resource-constraint', 'files can’t be taken yet');
      const now = Date.now();
      const request = decodeUploadRequest(payload);
      if (request.size > most()) throw fileTooLargeError(most());
      const wanted = {
        filename: plainName(request.filename),
        contentType: mediaType(request.contentType),
        size: request.size,
        keepUntil: keepUntil(request, now),
      };
      const upload = await store.reserve(from.local, wanted, now);
      const getUrl = base + uploadPath(upload);
      const until = now + SLOT_MS;
      const signature = await signer.sign(upload.id, until);
      return encodeUploadSlot({ putUrl: `${getUrl}?until=${until}&signature=${signature}`, getUrl });
    });
    serveDisco(host, {
      identities: [{ category: 'store', type: 'file', name: TITLE }],
      features: [HTTP_UPLOAD, `${UPLOAD_PURPOSES}#message`, `${UPLOAD_PURPOSES}#ephemeral`, PING],
      // What it says may change while the server runs.
      get forms() {
        return [limitsForm(most())];
      },
    });
    servePing(host);
    host.connect();

    const stopped = new AbortController();
    let sweeping = Promise.resolve();
    const sweep = async () => {
      try {
        await store.sweep(Date.now(), stopped.signal);
      } catch (error) {
        log.error({ err: error }, 'files could not be cleared away');
      }
      if (!stopped.signal.aborted) timer = setTimeout(start, SWEEP_MS).unref();
    };
    const start = () => {
      sweeping = sweep();
    };
    let timer: NodeJS.Timeout = setTimeout(start, 0);
    return async () => {
      stopped.abort();
      clearTimeout(timer);
      host.disconnect();
      await sweeping;
    };
  },
};

/** @see XEP-0363 §4 */
function limitsForm(most: number): DataForm {
  return {
    type: 'result',
    fields: [
      { var: 'FORM_TYPE', type: 'hidden', values: [HTTP_UPLOAD] },
      { var: 'max-file-size', values: [String(most)] },
    ],
  };
}

/** The name alone, without the folder it may have been in. @throws StanzaError `bad-request` */
function plainName(filename: string): string {
  const name = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1);
  if (name === '' || name === '.' || name === '..' || /[\p{Cc}\p{Cs}]/u.test(name)) {
    throw new StanzaError('bad-request', 'this is no name for a file');
  }
  if (Buffer.byteLength(name) > MAX_FILENAME_BYTES) {
    throw new StanzaError('bad-request', `the name of a file has at most ${MAX_FILENAME_BYTES} bytes`);
  }
  return name;
}

function mediaType(type: string | undefined): string | undefined {
  if (type !== undefined && (type.length > MAX_MEDIA_TYPE_LENGTH || !MEDIA_TYPE.test(type)))
    throw new StanzaError('bad-request', 'this is no media type');
  return type;
}

/** @see XEP-0363 §5 */
function keepUntil({ purpose }: UploadRequest, now: number): number | undefined {
  if (purpose.kind === 'message') return undefined;
  if (purpose.kind !== 'ephemeral') {
    throw new StanzaError('feature-not-implemented', `files for the purpose "${purpose.kind}" are not taken`);
  }
  const until = purpose.expireBefore.getTime();
  if (until <= now) throw new StanzaError('bad-request', 'the file would have expired already');
  return until;
}
