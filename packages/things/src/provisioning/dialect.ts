import type { Element } from '@thingward/xml';
import type { DialectName } from '../thing/dialect-names.ts';
import type { ControlAnswer, ControlQuestion, ReadAnswer, ReadQuestion } from './codec.ts';

/**
 * One way to write what a Thing and its provisioning server say to each other. What differs in the namespace alone (friendship, tokens,
 * the clearing of caches) has functions of its own that take it.
 */
export interface ProvisioningDialect {
  readonly name: DialectName;
  /** Of questions about friends, reading and control, and of what the server tells Things; the feature of who speaks it. */
  readonly namespace: string;
  /** Of tokens and challenges. */
  readonly tokenNamespace: string;
  /** Of what the server asks owners and they answer; undefined where there is nothing like it. */
  readonly ownerNamespace: string | undefined;
  /** Has the answer to `clearCache` an element of its own? */
  readonly acknowledgesByElement: boolean;

  /** Encoders throw PayloadError for what can't be written, decoders for what is malformed. */
  encodeReadQuestion(question: ReadQuestion): Element;
  decodeReadQuestion(element: Element): ReadQuestion;
  encodeReadAnswer(answer: ReadAnswer): Element;
  decodeReadAnswer(element: Element): ReadAnswer;
  encodeControlQuestion(question: ControlQuestion): Element;
  decodeControlQuestion(element: Element): ControlQuestion;
  encodeControlAnswer(answer: ControlAnswer): Element;
  decodeControlAnswer(element: Element): ControlAnswer;
}
