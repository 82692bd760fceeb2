// `bad_words` as token ids.
import type { Tokenizer } from "@octavo/tokenizer";

export type WordTokenizer = Pick<Tokenizer, "encode">;

/** One way in which a word may be generated. */
interface BadWord {
  readonly word: string;
  readonly tokens: Int32Array;
}

/** The words of the request before: its choices are submitted one after the other, and may be thousands. */
let last: { tokenizer: WordTokenizer; words: readonly string[]; result: readonly BadWord[] } | undefined;

/**
 * Each word as it is tokenized at the start of a text, and after a space where that does not end with the former. vLLM leaves the second
 * out where it has another number of tokens, so that a word with a token of its own after spaces would still appear.
 */
export function badWordTokens(words: readonly string[], tokenizer: WordTokenizer): readonly BadWord[] {
  if (last && last.tokenizer === tokenizer && sameWords(last.words, words)) return last.result;
  const result = words.flatMap((word) => tokensOf(word, tokenizer));
  last = { tokenizer, words: [...words], result };
  return result;
}

function tokensOf(word: string, tokenizer: WordTokenizer): BadWord[] {
  const encode = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
  const bare = encode(word.trimStart());
  const spaced = encode(` ${word.trimStart()}`);
  const single = [{ word, tokens: bare }];
  return endsWith(spaced, bare) ? single : [...single, { word, tokens: spaced }];
}

function endsWith(tokens: Int32Array, end: Int32Array): boolean {
  const from = tokens.length - end.length;
  return from >= 0 && end.every((token, i) => token === tokens[from + i]);
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}
