// Tokens by rank, as a file lists them. The file is untrusted: every rank there is once, and every byte is a token.
import { OctavoError } from "@octavo/core";

/** The most tokens that a file may have: far above any model's. */
const MAX_RANKS = 4_000_000;
/** Bytes of a token, twice the longest that a model is known to have: to find how one merges takes the square of its length. */
const MAX_TOKEN_BYTES = 2048;

export class RankTable {
  readonly #path: string;
  readonly #tokens: string[] = [];
  readonly #ranks = new Map<string, number>();

  constructor(path: string) {
    this.#path = path;
  }

  /** @param where in the file @throws CHECKPOINT that names it, also for a rank or token that was there before */
  add(rank: number, base64: string, where: string): void {
    if (rank >= MAX_RANKS) this.fail(where, `its rank ${rank} is too large`);
    if (this.#tokens[rank] !== undefined) this.fail(where, `its rank ${rank} is another token's, too`);
    const token = Buffer.from(base64, "base64").toString("latin1");
    if (token.length > MAX_TOKEN_BYTES)
      this.fail(where, `its token has ${token.length} bytes, at most ${MAX_TOKEN_BYTES} are allowed`);
    const twin = this.#ranks.get(token);
    if (twin !== undefined) this.fail(where, `its token is also that of rank ${twin}`);
    this.#ranks.set(token, rank);
    this.#tokens[rank] = token;
  }

  /** @param where the file ends @returns each token's bytes as a Latin-1 text, by rank @throws CHECKPOINT where one is missing */
  finish(where: string): string[] {
    const tokens = this.#tokens;
    if (this.#ranks.size === 0) this.fail(where, "there are no tokens");
    if (this.#ranks.size !== tokens.length) {
      const missing = Array.from(tokens).indexOf(undefined as never);
      this.fail(where, `rank ${missing} is missing, the highest one is ${tokens.length - 1}`);
    }
    for (let byte = 0; byte < 256; byte++) {
      if (!this.#ranks.has(String.fromCharCode(byte))) this.fail(where, `there is no token for the byte ${byte}`);
    }
    return tokens;
  }

  fail(where: string, found: string): never {
    const message = `cannot use ${this.#path}: ${where}: ${found}. Download it again.`;
    throw new OctavoError({ code: "CHECKPOINT", param: this.#path, message });
  }
}
