/** What a document consists of, in order. Names as in Namespaces in XML; `prefix` only where prefixes are preserved or known. */
export type ExiEvent =
  | { readonly kind: 'startDocument' }
  | { readonly kind: 'endDocument' }
  | {
      readonly kind: 'startElement';
      readonly namespace: string;
      readonly name: string;
      readonly prefix?: string | undefined;
    }
  | { readonly kind: 'endElement' }
  /** Behind the start of its element, before its attributes. @param isElementPrefix is it the one its element is written with? */
  | {
      readonly kind: 'namespace';
      readonly prefix: string;
      readonly namespace: string;
      readonly isElementPrefix?: boolean;
    }
  /** The value of `xsi:type` is `prefix:name`, or `{namespace}name` where prefixes are not preserved. */
  | {
      readonly kind: 'attribute';
      readonly namespace: string;
      readonly name: string;
      readonly prefix?: string | undefined;
      readonly value: string;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'processingInstruction'; readonly target: string; readonly data: string }
  | {
      readonly kind: 'docType';
      readonly name: string;
      readonly publicId: string;
      readonly systemId: string;
      readonly text: string;
    }
  | { readonly kind: 'entityReference'; readonly name: string }
  /** Behind the start of an element that can be decoded on its own. Encoders are told by a setting, not by this. */
  | { readonly kind: 'selfContained' };
