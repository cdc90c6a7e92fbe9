/** An HTTP response that carries a `<body/>`. */
export interface BoshResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A client's HTTP request that waits for its response. */
export interface BoshExchange {
  /** Has the client gone without waiting for the response? */
  readonly isBroken: boolean;
  /** Called when that happens, once. */
  onBroken: () => void;
  /** Does nothing the second time, or when the client is gone. */
  answer(response: BoshResponse): void;
}
