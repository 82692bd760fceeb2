// A SentencePiece file as the tokenizer.json and the configuration that a folder would have, so that there is one tokenizer behind all.
// Text is put together as SentencePiece does it; what it leaves to its caller (special tokens in a text, those around one) is done
// as transformers does it.
import { OctavoError } from "@octavo/core";
import type { AddedTokenConfig, DecoderConfig, TokenizerConfig, TokenizerJson } from "../tokenizer-json.js";
import { PieceKind, type PieceModelFile, readPieceModel } from "./model-file.js";
import type { PieceModelConfig } from "./piece-model.js";
import { type PieceNormalizerConfig, SPACE_MARK } from "./piece-normalizer.js";
import { ProtobufError } from "./protobuf-reader.js";

/** Decoding drops all spaces at the start of a text: more than any has. */
const ALL = 1_000_000;

/** A tokenizer, and the configuration with what the file adds to it. */
export interface PieceTokenizerFiles {
  readonly tokenizer: TokenizerJson;
  readonly config: TokenizerConfig;
}

/**
 * @param config tokenizer_config.json
 * @param arrange gives pieces other ids. Default: the file's
 * @throws CHECKPOINT that names the file and the field
 */
export function readPieceTokenizer(
  path: string,
  bytes: Uint8Array,
  config: TokenizerConfig,
  arrange: (file: PieceModelFile) => PieceModelFile = (file) => file,
): PieceTokenizerFiles {
  let file: PieceModelFile;
  try {
    file = arrange(readPieceModel(bytes));
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    const message = `cannot use ${path} as a SentencePiece model: ${cause.message}. Download it again, or take a tokenizer.json.`;
    throw new OctavoError({ code: "CHECKPOINT", param: path, message, cause });
  }
  const { pieces } = file;
  const named = {
    bos_token: pieces[file.bosId]?.text,
    eos_token: pieces[file.eosId]?.text,
    pad_token: pieces[file.padId]?.text,
  };
  const all = { unk_token: pieces[file.unkId]!.text, ...withoutUndefined(named), ...config };
  const parts: TokenizerJson & Readonly<Record<string, unknown>> = {
    normalizer: normalizerOf(file, config),
    pre_tokenizer: null,
    model: modelOf(file),
    added_tokens: specialPieces(file),
    decoder: decoderOf(file, config),
    post_processor: postProcessorOf(file, all),
  };
  return { tokenizer: parts, config: all };
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function addsPrefix(file: PieceModelFile, config: TokenizerConfig): boolean {
  return typeof config.add_prefix_space === "boolean" ? config.add_prefix_space : file.addDummyPrefix;
}

function normalizerOf(file: PieceModelFile, config: TokenizerConfig): PieceNormalizerConfig {
  // `legacy` is Llama's word for a space before each part of a text that special tokens cut.
  const scheme = config.legacy === true ? "always" : "first";
  return {
    type: "SentencePiece",
    precompiled_charsmap: Buffer.from(file.charsmap).toString("base64"),
    prepend_scheme: addsPrefix(file, config) ? scheme : "never",
    remove_extra_whitespaces: file.removeExtraWhitespaces,
    escape_whitespaces: file.escapeWhitespaces,
    user_defined: file.pieces.flatMap(({ text, kind }) => (kind === PieceKind.userDefined ? [text] : [])),
  };
}

function modelOf({
  pieces,
  type,
  unkId,
  byteFallback,
}: PieceModelFile): PieceModelConfig & Pick<TokenizerJson["model"], "vocab"> {
  const vocab = Object.fromEntries(pieces.map(({ text }, id) => [text, id]));
  return { type: "SentencePiece", algorithm: type, vocab, pieces, unk_id: unkId, byte_fallback: byteFallback };
}

/** They stand for themselves in a text, as in transformers. */
function specialPieces({ pieces }: PieceModelFile): AddedTokenConfig[] {
  return pieces.flatMap(({ text, kind }, id) =>
    kind === PieceKind.control || kind === PieceKind.unknown
      ? [{ id, content: text, special: true, normalized: false }]
      : [],
  );
}

function decoderOf(file: PieceModelFile, config: TokenizerConfig): DecoderConfig {
  const spaces = file.removeExtraWhitespaces ? ALL : Number(addsPrefix(file, config));
  const decoders: DecoderConfig[] = [
    { type: "Replace", pattern: { String: SPACE_MARK }, content: " " },
    ...(file.byteFallback ? [{ type: "ByteFallback" }] : []),
    { type: "Fuse" },
    ...(spaces > 0 ? [{ type: "Strip", content: " ", start: spaces, stop: 0 }] : []),
  ];
  return { type: "Sequence", decoders };
}

/** Names of the configuration's tokens around a text, by the class that its makers used. */
const AROUND: ReadonlyMap<string, readonly [string | null, string | null]> = new Map([
  ["T5Tokenizer", [null, "eos_token"]],
  ["MT5Tokenizer", [null, "eos_token"]],
  ["PegasusTokenizer", [null, "eos_token"]],
  ["AlbertTokenizer", ["cls_token", "sep_token"]],
  ["XLMRobertaTokenizer", ["bos_token", "eos_token"]],
  ["CamembertTokenizer", ["bos_token", "eos_token"]],
]);

function postProcessorOf(file: PieceModelFile, config: TokenizerConfig): object | null {
  const name = String(config.tokenizer_class ?? "").replace(/Fast$/, "");
  const fallback: readonly [string | null, string | null] = [file.type === "bpe" ? "bos_token" : null, null];
  const [first, last] = AROUND.get(name) ?? fallback;
  const before = chosen(config.add_bos_token, "bos_token", first);
  const after = chosen(config.add_eos_token, "eos_token", last);
  const ids = new Map(file.pieces.map(({ text }, id) => [text, id]));
  const tokens = [before, after].map((key) => {
    const token = key === null ? undefined : (config[key] as string | { readonly content?: string } | undefined);
    const text = typeof token === "object" ? token.content : token;
    return text !== undefined && ids.has(text) ? text : null;
  });
  const special = (text: string | null | undefined): object[] =>
    text == null ? [] : [{ SpecialToken: { id: text, type_id: 0 } }];
  const known = tokens.filter((text) => text !== null);
  return {
    type: "TemplateProcessing",
    single: [...special(tokens[0]), { Sequence: { id: "A", type_id: 0 } }, ...special(tokens[1])],
    special_tokens: Object.fromEntries(known.map((text) => [text, { id: text, ids: [ids.get(text)], tokens: [text] }])),
  };
}

function chosen(wish: unknown, name: string, fallback: string | null): string | null {
  if (typeof wish !== "boolean") return fallback;
  return wish ? name : null;
}
