// UTF-8 to text one byte at a time, for bytes that arrive in pieces. Invalid input becomes U+FFFD exactly as TextDecoder does it
// (https://encoding.spec.whatwg.org/#utf-8-decoder); a byte order mark is text like any other. TextDecoder itself would cost
// a call into C++ for each token.

const REPLACEMENT = "\uFFFD";

/** An incremental UTF-8 decoder. */
export class Utf8Stream {
  #codePoint = 0;
  /** Continuation bytes that are still to come. */
  #needed = 0;
  #lower = 0x80;
  #upper = 0xbf;

  /** Whether a character has begun and not ended. */
  get pending(): boolean {
    return this.#needed > 0;
  }

  /** @returns the text that this byte completes: a character, U+FFFD for what it shows to be invalid, or "" */
  push(byte: number): string {
    if (this.#needed === 0) return this.#start(byte);
    if (byte < this.#lower || byte > this.#upper) {
      this.#reset();
      return REPLACEMENT + this.#start(byte);
    }
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#codePoint = (this.#codePoint << 6) | (byte & 0x3f);
    this.#needed -= 1;
    return this.#needed > 0 ? "" : String.fromCodePoint(this.#codePoint);
  }

  /** Ends the input: U+FFFD when a character is incomplete, else "". The stream can be used again. */
  finish(): string {
    if (this.#needed === 0) return "";
    this.#reset();
    return REPLACEMENT;
  }

  #start(byte: number): string {
    if (byte < 0x80) return String.fromCharCode(byte);
    if (byte >= 0xc2 && byte <= 0xdf) {
      this.#needed = 1;
      this.#codePoint = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      // The second byte's range excludes overlong forms and surrogates.
      if (byte === 0xe0) this.#lower = 0xa0;
      if (byte === 0xed) this.#upper = 0x9f;
      this.#needed = 2;
      this.#codePoint = byte & 0xf;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      if (byte === 0xf0) this.#lower = 0x90;
      if (byte === 0xf4) this.#upper = 0x8f;
      this.#needed = 3;
      this.#codePoint = byte & 0x7;
    } else {
      return REPLACEMENT;
    }
    return "";
  }

  #reset(): void {
    this.#needed = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }
}
