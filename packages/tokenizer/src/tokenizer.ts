// A model's tokenizer: text to ids by an encoder, ids to text by streams, messages to a prompt.
import { isGguf, OctavoError } from "@octavo/core";
import type { ChatMessage, ChatOptions } from "./chat-messages.js";
import { ChatTemplates } from "./chat-template.js";
import { inSlices, whole } from "./encode-slices.js";
import { Encoder } from "./encoder.js";
import { readGgufTokenizer } from "./gguf/gguf-tokenizer.js";
import { createDecoder } from "./pipeline/decoders.js";
import { addedTokens, namedSpecialTokens } from "./special-tokens.js";
import { textStreams } from "./stream-factory.js";
import type { TextStream, TextStreams } from "./text-stream.js";
import { damaged, readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.js";

/** How a text becomes ids. */
export interface EncodeOptions {
  /** Add what the tokenizer's post-processor adds (a BOS token, for example). Default: true. */
  readonly addSpecialTokens?: boolean;
}

/** How ids become a text. */
export interface DecodeOptions {
  /** Leave special tokens out of the text. Default: true. */
  readonly skipSpecialTokens?: boolean;
}

/** A tokenizer in the Hugging Face format, or from a GGUF file. Immutable; may serve any number of requests. */
export class Tokenizer {
  /**
   * One more than the largest id that a text can give, added tokens included. The model's logits may be wider (padding): such ids
   * have no token and no text. Where they are narrower, the ids beyond them are added tokens without an embedding, or the
   * tokenizer is another model's.
   */
  readonly vocabSize: number;
  /** Characters of the longest token: a text of more than n times as many cannot fit n tokens, so do not encode it. */
  readonly maxCharsPerToken: number;
  /** The token that begins a text; null: none. */
  readonly bosTokenId: number | null;
  /** The token that ends one; null: none. */
  readonly eosTokenId: number | null;
  /** The default chat template, if the model has one. */
  readonly chatTemplate: string | null;
  readonly #encoder: Encoder;
  readonly #special: Uint8Array;
  readonly #templates: ChatTemplates;
  readonly #added: ReadonlySet<number>;
  readonly #streams: TextStreams;

  private constructor(files: TokenizerFiles) {
    const { tokenizer, config, file } = files;
    const added = addedTokens(tokenizer, config);
    this.#encoder = new Encoder(tokenizer, added, file);
    const { tokens } = this.#encoder;
    this.vocabSize = tokens.length;
    this.maxCharsPerToken = tokens.reduce((longest, token) => Math.max(longest, token.length), 1);
    this.#special = new Uint8Array(this.vocabSize);
    for (const token of added) if (token.special) this.#special[token.id] = 1;

    const named = namedSpecialTokens(config);
    this.bosTokenId = this.idOf(named.bos_token ?? "") ?? null;
    this.eosTokenId = this.idOf(named.eos_token ?? "") ?? null;
    this.#templates = new ChatTemplates(files, named);
    this.chatTemplate = files.templates.get("default") ?? null;

    this.#added = new Set(added.map((token) => token.id));
    this.#streams = textStreams(tokenizer.decoder, {
      vocabSize: this.vocabSize,
      tokenOf: (id) => this.tokenOf(id),
      isAdded: (id) => this.isAdded(id),
      decodeTokens: createDecoder(tokenizer.decoder),
    });
  }

  /**
   * Reads tokenizer.json (or tokenizer.model, *.tiktoken, vocab.json or vocab.txt), tokenizer_config.json (optional) and chat templates'
   * files (optional; they replace the configuration's templates), or the same from a GGUF file's metadata.
   * @param model a folder, or a GGUF file
   * @throws CHECKPOINT that names the file when one is missing or cannot be used; UNSUPPORTED for a GGUF tokenizer that Octavo lacks
   */
  static async load(model: string): Promise<Tokenizer> {
    const files = isGguf(model) ? readGgufTokenizer(model) : await readTokenizerFiles(model);
    try {
      return new Tokenizer(files);
    } catch (cause) {
      if (OctavoError.isInstance(cause)) throw cause;
      const found = cause instanceof Error ? cause.message : String(cause);
      throw damaged(files.file, found, "It is damaged, or of a kind that Octavo does not know.", cause);
    }
  }

  /**
   * Text to ids. Special tokens that stand in the text become their ids, as in Hugging Face's tokenizers.
   *
   * `truncation`, `padding` and a model's `dropout` of tokenizer.json have no effect; transformers turns the first two off.
   * Only its post-processor adds tokens. `add_bos_token` and `add_eos_token` of tokenizer_config.json do
   * not count: transformers 5 drops both where a tokenizer.json exists (`_from_pretrained` in tokenization_utils_base.py),
   * and transformers 4 read them only in classes that rewrote the post-processor, which then stands in the file.
   * A lone surrogate becomes U+FFFD.
   * @throws CHECKPOINT when the post-processor adds a token that the vocabulary lacks
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    return whole(this.#encoder.encode(text, options.addSpecialTokens ?? true));
  }

  /**
   * {@link Tokenizer.encode} for texts that may be long: other events of this thread are handled every few milliseconds.
   */
  encodeAsync(text: string, options: EncodeOptions = {}): Promise<Int32Array> {
    return inSlices(this.#encoder.encode(text, options.addSpecialTokens ?? true));
  }

  /**
   * Ids to text. Ids without a token are skipped. `clean_up_tokenization_spaces` is not applied, as in vLLM's generated
   * text: it would change text that has already been streamed.
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const skipSpecial = options.skipSpecialTokens ?? true;
    return this.#streams.decode(Array.from(ids).filter((id) => !skipSpecial || !this.isSpecial(id)));
  }

  /** A new incremental decoder that skips nothing; `Detokenizer` builds on it. */
  createTextStream(): TextStream {
    return this.#streams.start();
  }

  /** The vocabulary's entry, in its own spelling (`Ġthe`, `▁the`), as `convert_ids_to_tokens` gives it. */
  tokenOf(id: number): string | undefined {
    return this.#encoder.tokens[id];
  }

  idOf(token: string): number | undefined {
    return this.#encoder.idOf(token);
  }

  /**
   * The UTF-8 bytes of a token that may be less than whole characters: part of a character, or a byte token. Null where the
   * token's text says all.
   */
  bytesOf(id: number): Uint8Array | null {
    return this.#streams.bytesOf(id);
  }

  /** Whether it was added to the vocabulary, special or not; such tokens stand for their own text. */
  isAdded(id: number): boolean {
    return this.#added.has(id);
  }

  isSpecial(id: number): boolean {
    return this.#special[id] === 1;
  }

  /**
   * Messages to the prompt text, by the model's chat template.
   * @throws INVALID_ARGUMENT when there is no template, the template refuses, or a message cannot be put into text
   */
  renderChat(messages: readonly ChatMessage[], options: ChatOptions = {}): string {
    return this.#templates.render(messages, options);
  }

  /**
   * {@link Tokenizer.renderChat} for servers: in a worker thread that is kept, so that a template that loops or makes gigabytes is
   * an error within a second, and this thread goes on meanwhile. Messages and `kwargs` must be plain data.
   */
  renderChatAsync(messages: readonly ChatMessage[], options: ChatOptions = {}): Promise<string> {
    return this.#templates.renderAsync(messages, options);
  }

  /**
   * Messages to ids: {@link Tokenizer.renderChat}, then encoded as one text without adding special tokens (the template writes
   * them). So special tokens inside a message count as special, as in vLLM; filter them where users are not trusted.
   */
  encodeChat(messages: readonly ChatMessage[], options: ChatOptions = {}): Int32Array {
    return this.encode(this.renderChat(messages, options), { addSpecialTokens: false });
  }
}
