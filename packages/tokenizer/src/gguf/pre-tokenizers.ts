// How byte-level tokenizers cut text before they merge bytes. GGUF files name the way in `tokenizer.ggml.pre`; what the names
// mean is in llama.cpp's src/llama-vocab.cpp and in the tokenizer.json of the models that they are named after.

/** A way to cut text, and what else goes with it. */
export interface PreTokenizer {
  /** Applied one after the other: each cuts what the one before left, matches become pieces of their own. */
  readonly patterns: readonly string[];
  /** A piece that is a token is taken as it is, without merging. Default false. */
  readonly ignoreMerges?: boolean;
  /** Whether a BOS token is added where the file does not say. Default false. */
  readonly addBos?: boolean;
  /** Unicode normalization of the text. Default: none. */
  readonly normalizer?: "NFC";
}

// White_Space and not \s, to which JavaScript adds U+FEFF and lacks U+0085.
const WS = "\\p{White_Space}";
const TRAILING_SPACE = `${WS}+(?!\\P{White_Space})`;
const CONTRACTIONS = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";

const GPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${WS}\\p{L}\\p{N}]+|${TRAILING_SPACE}|${WS}+`;

/** Words with one leading character, symbols with line ends, `numbers` as given. */
function modern(numbers: string): string {
  const words = `[^\\r\\n\\p{L}\\p{N}]?\\p{L}+`;
  const symbols = ` ?[^${WS}\\p{L}\\p{N}]+[\\r\\n]*`;
  return `${CONTRACTIONS}|${words}|${numbers}|${symbols}|${WS}*[\\r\\n]+|${TRAILING_SPACE}|${WS}+`;
}

/** Words split where lower case turns to upper (Mistral's Tekken). */
const TEKKEN = [
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*",
  "\\p{N}",
  ` ?[^${WS}\\p{L}\\p{N}]+[\\r\\n/]*`,
  `${WS}*[\\r\\n]+`,
  TRAILING_SPACE,
  `${WS}+`,
].join("|");

const gpt2: PreTokenizer = { patterns: [GPT2] };
const singleDigits: PreTokenizer = { patterns: ["\\p{N}", GPT2] };
const llama3: PreTokenizer = { patterns: [modern("\\p{N}{1,3}")], ignoreMerges: true, addBos: true };
const qwen2: PreTokenizer = { patterns: [modern("\\p{N}")], normalizer: "NFC" };
/** What llama.cpp does where a file does not say: GPT-2's way, but punctuation apart and digits by three. */
const fallback: PreTokenizer = {
  patterns: [
    "[\\p{P}$+<=>^~|]+",
    `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${WS}\\p{L}\\p{N}]+|${TRAILING_SPACE}`,
    "\\p{N}+",
    "[0-9][0-9][0-9]",
  ],
};

/** By the name in `tokenizer.ggml.pre`. */
export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  ["default", fallback],
  ["gpt-2", gpt2],
  ["phi-2", gpt2],
  ["mpt", gpt2],
  ["olmo", gpt2],
  ["jais", gpt2],
  ["smollm", singleDigits],
  ["starcoder", singleDigits],
  ["refact", singleDigits],
  ["command-r", singleDigits],
  ["codeshell", singleDigits],
  ["exaone", singleDigits],
  ["llama-bpe", llama3],
  ["llama3", llama3],
  ["llama-v3", llama3],
  ["falcon3", llama3],
  ["dbrx", { ...llama3, ignoreMerges: false, addBos: false }],
  ["smaug-bpe", { ...llama3, ignoreMerges: false, addBos: false }],
  ["qwen2", qwen2],
  ["deepseek-r1-qwen", qwen2],
  ["stablelm2", { ...qwen2, normalizer: undefined }],
  ["tekken", { patterns: [TEKKEN], ignoreMerges: true, addBos: true }],
]);
