// How byte-level tokenizers cut text before they merge bytes. GGUF files name the way in `tokenizer.ggml.pre`; what the names
// mean is in llama.cpp's src/llama-vocab.cpp and in the tokenizer.json of the models that they are named after.
import { CASED_LETTERS } from "./cased-letters.js";

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

/**
 * Words split where lower case turns to upper: Mistral's Tekken, OpenAI's o200k.
 * @param suffix what may follow a word @param but letters of no word
 */
function byCase(numbers: string, suffix = "", but = ""): string {
  const [upper, lower] = [`[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}${but}]`, `[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}${but}]`];
  const first = "[^\\r\\n\\p{L}\\p{N}]?";
  return [
    `${first}${upper}*${lower}+${suffix}`,
    `${first}${upper}+${lower}*${suffix}`,
    numbers,
    ` ?[^${WS}\\p{L}\\p{N}]+[\\r\\n/]*`,
    `${WS}*[\\r\\n]+`,
    TRAILING_SPACE,
    `${WS}+`,
  ].join("|");
}

/** Kimi K2 (tokenization_kimi.py): Han letters stand alone, symbols without a slash. */
const KIMI = `\\p{Han}+|${byCase("\\p{N}{1,3}", `(?:${CONTRACTIONS})?`, "&&[^\\p{Han}]")}`.replace(
  "[\\r\\n/]*",
  "[\\r\\n]*",
);

const PUNCTUATION = "\\p{P}$+<=>^~|";
const ENGLISH = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${WS}\\p{L}\\p{N}]+|${TRAILING_SPACE}`;
const KANA_AND_HAN = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
const EAST_ASIAN = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
const DEEPSEEK_WORDS =
  `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+` +
  `| ?[\\p{P}\\p{S}]+[\\r\\n]*|${WS}*[\\r\\n]+|${TRAILING_SPACE}|${WS}+`;
const BLOOM = ` ?[^(${WS}|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+`;

/** Words with their accents. */
const QWEN35 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^${WS}\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${WS}*[\\r\\n]+|${TRAILING_SPACE}|${WS}+`;

const gpt2: PreTokenizer = { patterns: [GPT2] };
const singleDigits: PreTokenizer = { patterns: ["\\p{N}", GPT2] };
const llama3: PreTokenizer = { patterns: [modern("\\p{N}{1,3}")], ignoreMerges: true, addBos: true };
const plainLlama3: PreTokenizer = { patterns: llama3.patterns };
const oneDigit: PreTokenizer = { patterns: [modern("\\p{N}")] };
const qwen2: PreTokenizer = { ...oneDigit, normalizer: "NFC" };
const gpt4o: PreTokenizer = { patterns: [byCase("\\p{N}{1,3}", `(?:${CONTRACTIONS})?`)] };
const deepseek3: PreTokenizer = { patterns: ["\\p{N}{1,3}", KANA_AND_HAN, DEEPSEEK_WORDS] };
const bailing: PreTokenizer = {
  patterns: [
    `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^${WS}\\p{L}\\p{N}]+[\\r\\n]*|${WS}*[\\r\\n]|${TRAILING_SPACE}|${WS}+`,
  ],
};
const bloom: PreTokenizer = { patterns: [BLOOM] };
/** Digits in groups of three from the right. */
const THREES = "\\p{Nd}{1,3}(?=(?:\\p{Nd}{3})*(?!\\p{Nd}))";
const SPARK_WORDS = DEEPSEEK_WORDS.replace("[\\r\\n]*|", "|").replace(`${WS}*[\\r\\n]+`, "[\\r\\n]");
const YOUTU_SCRIPTS =
  "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+" +
  `|[\u3105-\u312f]+|${KANA_AND_HAN}`;
const AFMOE_SCRIPTS =
  "[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+";
/** Words with their accents, several with a space between. */
const EXAONE_WORDS = "[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+";
/** GPT-2's way, but punctuation apart and digits by three. */
const falcon: PreTokenizer = { patterns: [`[${PUNCTUATION}\`]+`, ENGLISH, "[0-9][0-9][0-9]"] };
/** What llama.cpp does where a file does not say. */
const fallback: PreTokenizer = { patterns: [`[${PUNCTUATION}]+`, ENGLISH, "\\p{N}+", "[0-9][0-9][0-9]"] };

/** Ways by the names that mean them. */
const WAYS: readonly (readonly [way: PreTokenizer, ...names: string[]])[] = [
  [fallback, "default"],
  [falcon, "falcon"],
  [gpt2, "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "mellum", "modern-bert"],
  [
    gpt2,
    "gigachat",
    "a.x-4.0",
    "jina-es",
    "jina-de",
    "jina-v2-es",
    "jina-v2-de",
    "jina-v1-en",
    "jina-v2-code",
    "roberta-bpe",
  ],
  [singleDigits, "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"],
  [llama3, "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
  [plainLlama3, "dbrx", "smaug-bpe", "chatglm-bpe"],
  [{ ...plainLlama3, ignoreMerges: true }, "glm4", "glm5"],
  [qwen2, "qwen2", "deepseek-r1-qwen", "megrez"],
  [oneDigit, "stablelm2", "hunyuan", "solar-open", "grok-2", "kormo", "f2llmv2"],
  [{ patterns: [QWEN35], normalizer: "NFC" }, "qwen35"],
  [{ patterns: [byCase("\\p{N}")], ignoreMerges: true, addBos: true }, "tekken"],
  [gpt4o, "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
  [
    {
      patterns: [
        "[\\r\\n]",
        `${WS}?[${CASED_LETTERS}]+`,
        `${WS}?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+`,
        `${WS}+$`,
        EAST_ASIAN,
        "\\p{N}+",
      ],
    },
    "deepseek-llm",
  ],
  [{ patterns: ["[\\r\\n]", `${WS}?\\p{L}+`, `${WS}?\\p{P}+`, EAST_ASIAN, "\\p{N}"] }, "deepseek-coder"],
  [deepseek3, "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
  [bailing, "bailingmoe", "bailingmoe2", "llada-moe"],
  [
    {
      patterns: [
        `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^${WS}\\p{L}\\p{N}\\r\\n]+|${WS}*[\\r\\n]+|${TRAILING_SPACE}|${WS}+`,
      ],
    },
    "seed-coder",
  ],
  [{ patterns: ["\\p{N}{1,3}", modern("\\p{N}+")], ignoreMerges: true }, "minicpm5"],
  [{ patterns: ["[^\\n]+|\\n+", ...oneDigit.patterns] }, "laguna"],
  [{ patterns: [oneDigit.patterns[0]!.slice(CONTRACTIONS.length + 1)] }, "ufakzeka"],
  [{ ...gpt4o, ignoreMerges: true }, "granite-embed-multi-97m"],
  [
    { patterns: ["\\p{Nd}{1,3}(?=(?:\\p{Nd}{3})*(?![\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]))", ...gpt4o.patterns] },
    "tiny_aya",
    "cohere2moe",
  ],
  [{ patterns: ["\\p{N}{1,3}", KANA_AND_HAN, SPARK_WORDS, "\\p{N}"] }, "spark2_5"],
  [{ patterns: [YOUTU_SCRIPTS, byCase("\\p{N}", `(?:${CONTRACTIONS})?`)], ignoreMerges: true }, "youtu"],
  [{ patterns: [THREES, AFMOE_SCRIPTS, DEEPSEEK_WORDS] }, "afmoe"],
  [
    {
      patterns: [
        `${CONTRACTIONS}|${EXAONE_WORDS}|\\p{N}| ?[^${WS}\\p{L}\\p{N}]+[\\r\\n/]?|${WS}*[\\r\\n]|${TRAILING_SPACE}|${WS}+`,
      ],
    },
    "exaone-moe",
  ],
  [{ patterns: [KIMI] }, "kimi-k2"],
  [bloom, "bloom", "poro-chat", "gpt3-finnish"],
  [{ patterns: [BLOOM, "\\p{N}"] }, "viking"],
];

/** By the name in `tokenizer.ggml.pre`. */
export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map(
  WAYS.flatMap(([way, ...names]) => names.map((name) => [name, way] as const)),
);
