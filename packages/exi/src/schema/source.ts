import { encodeUtf8 } from '@thingward/xml';
import { SchemaError, type SchemaErrorCode, type SchemaPosition } from './error.ts';

/** A schema document and the name it goes by: that is what `schemaLocation` is compared with, and what errors tell. */
export type SchemaDocument =
  | { readonly location: string; readonly text: string }
  | { readonly location: string; readonly bytes: Uint8Array };

/** The bytes of a document, and where in it an offset is. */
export class SchemaSource {
  readonly location: string;
  readonly bytes: Uint8Array;

  constructor(document: SchemaDocument) {
    this.location = document.location;
    this.bytes = 'bytes' in document ? document.bytes : encodeUtf8(document.text);
  }

  position(offset: number): SchemaPosition {
    let line = 1;
    let lineStart = 0;
    const end = Math.min(offset, this.bytes.length);
    for (let i = 0; i < end; i++) {
      if (this.bytes[i] === 0x0a) {
        line++;
        lineStart = i + 1;
      }
    }
    let column = 1;
    // A byte 10xxxxxx continues a character.
    for (let i = lineStart; i < end; i++) if (((this.bytes[i] as number) & 0xc0) !== 0x80) column++;
    return { location: this.location, line, column };
  }

  error(code: SchemaErrorCode, message: string, offset: number, options?: ErrorOptions): SchemaError {
    return new SchemaError(code, message, this.position(offset), options);
  }
}
