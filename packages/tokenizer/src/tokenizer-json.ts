// What tokenizer.json and tokenizer_config.json say, with the fields that Octavo reads; the encoder reads more.
import type { PatternConfig } from "./pipeline/patterns.js";

/** A decoder in tokenizer.json, with the fields that Octavo reads. */
export interface DecoderConfig {
  readonly type?: string;
  readonly decoders?: readonly DecoderConfig[];
  readonly pattern?: PatternConfig;
  readonly content?: string;
  readonly start?: number;
  readonly stop?: number;
  readonly replacement?: string;
  readonly prepend_scheme?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly cleanup?: boolean;
  readonly pad_token?: string;
  readonly word_delimiter_token?: string;
}

export interface AddedTokenConfig {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly normalized?: boolean;
}

/** tokenizer.json, with the fields that Octavo reads. */
export interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[] };
  readonly added_tokens: readonly AddedTokenConfig[];
  readonly decoder: DecoderConfig | null;
  readonly post_processor: unknown;
}

/** tokenizer_config.json */
export type TokenizerConfig = Readonly<Record<string, unknown>>;
