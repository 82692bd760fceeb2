// A GGUF file's tokenizer as the files of a Hugging Face folder would have it, so that there is one tokenizer behind both.
import { type GgufMetadata, readGgufHeaders } from "@octavo/core";
import type { TokenizerFiles } from "../tokenizer-files.js";
import type { AddedTokenConfig, TokenizerJson } from "../tokenizer-json.js";
import { byteLevelModel } from "./byte-level-model.js";
import { GgufVocabulary, TokenKind } from "./gguf-vocabulary.js";
import { mergedPieceModel, pieceModel } from "./piece-model.js";
import type { TokenizerParts } from "./tokenizer-parts.js";
import { unigramModel } from "./unigram-model.js";
import { wordPieceModel } from "./word-piece-model.js";

const MODEL = "tokenizer.ggml.model";
const TEMPLATE = "tokenizer.chat_template";

const MODELS: ReadonlyMap<string, (vocabulary: GgufVocabulary) => TokenizerParts> = new Map([
  ["gpt2", byteLevelModel],
  ["llama", pieceModel],
  ["gemma4", mergedPieceModel],
  ["bert", wordPieceModel],
  ["t5", unigramModel],
]);

/** The special tokens of tokenizer_config.json, and the keys that name their ids. */
const NAMED = [
  ["bos_token", "tokenizer.ggml.bos_token_id"],
  ["eos_token", "tokenizer.ggml.eos_token_id"],
  ["unk_token", "tokenizer.ggml.unknown_token_id"],
  ["sep_token", "tokenizer.ggml.seperator_token_id"], // so spelt in the format
  ["pad_token", "tokenizer.ggml.padding_token_id"],
  ["cls_token", "tokenizer.ggml.cls_token_id"],
  ["mask_token", "tokenizer.ggml.mask_token_id"],
] as const;

/** @throws CHECKPOINT that names the file or key; UNSUPPORTED for a kind of tokenizer that Octavo lacks */
export function readGgufTokenizer(path: string): TokenizerFiles {
  return ggufTokenizerFiles(path, readGgufHeaders(path).metadata);
}

/** {@link readGgufTokenizer} of metadata that was read before. @param file for error messages */
export function ggufTokenizerFiles(file: string, metadata: GgufMetadata): TokenizerFiles {
  const vocabulary = new GgufVocabulary(file, metadata);
  const name = vocabulary.text(MODEL) ?? vocabulary.fail(MODEL, [...MODELS.keys()].join(" or "));
  const create = MODELS.get(name) ?? vocabulary.unsupported(MODEL, [...MODELS.keys()]);
  const { addsBos, addsEos, addsSep, tokens = vocabulary.tokens, model, ...parts } = create(vocabulary);
  const named = NAMED.map(([key, id]) => [key, vocabulary.token(id)] as const);
  const tokenizer: TokenizerJson & Readonly<Record<string, unknown>> = {
    ...parts,
    model: { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), ...model },
    added_tokens: addedTokens(vocabulary),
    post_processor: postProcessor(vocabulary, { addsBos, addsEos, addsSep }),
  };
  return {
    tokenizer,
    config: Object.fromEntries(named.filter(([, token]) => token !== undefined)),
    templates: chatTemplates(vocabulary),
    file,
    templatesFile: file,
  };
}

/** Control tokens are special, tokens that the model's makers added are not; both stand for themselves in a text. */
function addedTokens({ tokens, kinds }: GgufVocabulary): AddedTokenConfig[] {
  const added: AddedTokenConfig[] = [];
  for (const [id, content] of tokens.entries()) {
    const kind = kinds[id];
    const special = kind === TokenKind.control || kind === TokenKind.unknown;
    // The splitter would find an empty text everywhere.
    if (content !== "" && (special || kind === TokenKind.userDefined))
      added.push({ id, content, special, normalized: false });
  }
  return added;
}

function postProcessor(
  vocabulary: GgufVocabulary,
  { addsBos, addsEos = false, addsSep = false }: Pick<TokenizerParts, "addsBos" | "addsEos" | "addsSep">,
): object | null {
  const id = (name: string) => vocabulary.token(`tokenizer.ggml.${name}_token_id`);
  const adds = (name: string, usual: boolean) => vocabulary.boolean(`tokenizer.ggml.add_${name}_token`, usual);
  const first = [adds("bos", addsBos) ? (id("bos") ?? id("cls")) : undefined].filter((token) => token !== undefined);
  // so spelt in the format
  const last = [
    adds("eos", addsEos) ? id("eos") : undefined,
    adds("sep", addsSep) ? id("seperator") : undefined,
  ].filter((token) => token !== undefined);
  if (first.length + last.length === 0) return null;
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const around = (text: string) => [
    ...first.map(special),
    { Sequence: { id: text, type_id: 0 } },
    ...last.map(special),
  ];
  return {
    type: "TemplateProcessing",
    single: around("A"),
    pair: [...around("A"), ...around("B")],
    special_tokens: Object.fromEntries(
      [...first, ...last].map((token) => [
        token,
        { id: token, ids: [vocabulary.tokens.indexOf(token)], tokens: [token] },
      ]),
    ),
  };
}

/** The usual one, and those that the file lists by name. */
function chatTemplates(vocabulary: GgufVocabulary): Map<string, string> {
  const templates = new Map<string, string>();
  for (const name of vocabulary.texts("tokenizer.chat_templates")) {
    const template = vocabulary.text(`${TEMPLATE}.${name}`);
    if (template !== undefined) templates.set(name, template);
  }
  const usual = vocabulary.text(TEMPLATE);
  if (usual !== undefined) templates.set("default", usual);
  return templates;
}
