import { describe, expect, test } from "vitest";
import { LLAMA_DECODER, load, POCKET, pieceTokenizer, randomInts, WORD_PIECE } from "../test-support/model-folder.js";
import { Detokenizer, type DetokenizerOptions } from "./detokenizer.js";
import { Tokenizer } from "./tokenizer.js";

function stream(tokenizer: Tokenizer, ids: ArrayLike<number>, options?: DetokenizerOptions): string[] {
  const detokenizer = new Detokenizer(tokenizer, options);
  return [...Array.from(ids, (id) => detokenizer.push(id)), detokenizer.finish()];
}

function randomIds(seed: number, vocabSize: number): number[] {
  const random = randomInts(seed);
  return Array.from({ length: random(40) }, () => random(vocabSize));
}

describe("byte-level", async () => {
  const pocket = await Tokenizer.load(POCKET);
  // GPT-2's byte table, built here the other way round: Pocket's ids 5 to 260 are its characters in the order of code points.
  const byteOf = new Map(
    [...Array(256).keys()]
      .map((byte) => [byte, (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173)] as const)
      .sort((a, b) => Number(b[1]) - Number(a[1]) || a[0] - b[0])
      .map(([byte], index) => [pocket.tokenOf(5 + index)!, byte]),
  );
  const oracle = (ids: readonly number[], skip: boolean): string => {
    const parts: Uint8Array[] = [];
    for (const id of ids) {
      const token = pocket.tokenOf(id)!;
      if (id > 4) parts.push(Uint8Array.from([...token].map((character) => byteOf.get(character)!)));
      else if (!skip) parts.push(Buffer.from(token));
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(parts));
  };

  test("random ids, valid UTF-8 or not: joined pieces = decode = the bytes' text", () => {
    for (let seed = 0; seed < 1500; seed++) {
      // Every other sequence is made of single bytes, so that most of its UTF-8 is broken.
      const ids = randomIds(seed, seed % 2 ? pocket.vocabSize : 261);
      for (const skipSpecialTokens of [true, false]) {
        const expected = oracle(ids, skipSpecialTokens);
        expect(pocket.decode(ids, { skipSpecialTokens }), `seed ${seed}`).toBe(expected);
        expect(stream(pocket, ids, { skipSpecialTokens }).join(""), `seed ${seed}`).toBe(expected);
      }
    }
  });

  test("never emits half a character", () => {
    const text = "日本語 🙂 café 👩‍👩‍👧‍👦 ﻿ end";
    const pieces = stream(pocket, pocket.encode(text));
    expect(pieces.join("")).toBe(text);
    for (const piece of pieces) expect(piece).not.toMatch(/\uFFFD|\p{Surrogate}/u);
    const smile = pocket.encode("🙂");
    expect(smile.length).toBe(4);
    expect(stream(pocket, smile)).toEqual(["", "", "", "🙂", ""]);
    expect(stream(pocket, smile.slice(0, 3))).toEqual(["", "", "", "\uFFFD"]);
  });

  test("ids without a token have no text", () => {
    expect(stream(pocket, [69, 5000, -1, 69]).join("")).toBe("aa");
    expect(pocket.decode([69, 5000, -1, 69])).toBe("aa");
  });

  test("a skipped special token does not break a character, a shown one does", () => {
    const [first, ...rest] = pocket.encode("🙂");
    const ids = [first!, 4, ...rest];
    expect(pocket.decode(ids)).toBe("🙂");
    expect(stream(pocket, ids, { skipSpecialTokens: false }).join("")).toMatch(/^\uFFFD<\|end\|>\uFFFD+$/);
  });

  test("stop strings that end within the first tokens do not count", () => {
    const ids = pocket.encode("one two one two one");
    const texts = Array.from(ids, (_, i) => pocket.decode(ids.subarray(0, i + 1)));
    const first = 1 + texts.findIndex((text) => text.includes("one"));
    const second = 1 + texts.findIndex((text) => text.includes("one two one"));
    for (const [minTokens, expected] of [
      [0, ""],
      [first - 1, ""],
      [first, "one two "],
      [second - 1, "one two "],
      [second, "one two one two "],
      [ids.length, "one two one two one"],
    ] as const) {
      const detokenizer = new Detokenizer(pocket, { stop: ["one"], minTokens });
      let text = "";
      for (const id of ids) text += detokenizer.push(id);
      expect(text + detokenizer.finish(), `minTokens ${minTokens}`).toBe(expected);
      expect(detokenizer.stopped).toBe(minTokens === ids.length ? null : "one");
    }
  });

  test("the bytes of parts of a character are told, those of whole ones follow from the text", () => {
    const ids = [...pocket.encode("🙂")];
    expect(Buffer.concat(ids.map((id) => pocket.bytesOf(id)!)).toString()).toBe("🙂");
    for (const id of [4, ...pocket.encode("The cat")]) expect(pocket.bytesOf(id)).toBeNull();
  });

  test("stop strings across tokens", () => {
    const ids = pocket.encode("The cat sat. The dog ran.");
    const stopped = (options: DetokenizerOptions): [string, string | null] => {
      const detokenizer = new Detokenizer(pocket, options);
      let text = "";
      for (const id of ids) text += detokenizer.push(id);
      return [text + detokenizer.finish(), detokenizer.stopped];
    };
    expect(stopped({ stop: ["at. Th"] })).toEqual(["The cat s", "at. Th"]);
    expect(stopped({ stop: ["at. Th"], includeStop: true })).toEqual(["The cat sat. Th", "at. Th"]);
    expect(stopped({ stop: ["T"] })).toEqual(["", "T"]);
    expect(stopped({ stop: ["ran.x", "nothing"] })).toEqual(["The cat sat. The dog ran.", null]);
  });

  test("a stop string that only the end completes", () => {
    const detokenizer = new Detokenizer(pocket, { stop: ["\uFFFD"] });
    expect(detokenizer.push(pocket.encode("🙂")[0]!)).toBe("");
    expect(detokenizer.finish()).toBe("");
    expect(detokenizer.stopped).toBe("\uFFFD");
  });
});

describe("pieces", () => {
  test("decode as the tokenizers library 0.23 does (values from Python)", async () => {
    const llama = await load(pieceTokenizer(LLAMA_DECODER));
    const decode = (tokens: string[]): string => llama.decode(tokens.map((token) => llama.idOf(token)!));
    expect(decode(["▁", "▁a"])).toBe(" a");
    expect(decode(["<0xE2>", "<0x98>", "<0x83>", "a"])).toBe("☃a");
    expect(decode(["<0xEF>", "<0xBB>", "<0xBF>", "a"])).toBe("\uFEFFa");
    expect(llama.decode(llama.encode("ab é ☃  a"))).toBe("ab é ☃  a");
    const texts = ["always", "first", "never"].map(async (prepend_scheme) => {
      const metaspace = await load(pieceTokenizer({ type: "Metaspace", replacement: "▁", prepend_scheme }));
      return [
        ["▁b▁", "▁a"],
        ["▁", "▁a"],
      ].map((tokens) => metaspace.decode(tokens.map((token) => metaspace.idOf(token)!)));
    });
    expect(await Promise.all(texts)).toEqual([
      ["b a", " a"],
      ["b a", " a"],
      [" b  a", "  a"],
    ]);
  });

  test("random ids: joined pieces = decode = a whole decoding", async () => {
    const llama = await load(pieceTokenizer(LLAMA_DECODER));
    for (let seed = 0; seed < 1500; seed++) {
      const ids = randomIds(seed, llama.vocabSize);
      const bytes = Buffer.concat(
        ids
          .filter((id) => id > 2)
          .map((id) => (id < 259 ? Buffer.from([id - 3]) : Buffer.from(llama.tokenOf(id)!.replaceAll("▁", " ")))),
      );
      const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replace(/^ /, "");
      expect(llama.decode(ids), `seed ${seed}`).toBe(expected);
      expect(stream(llama, ids).join(""), `seed ${seed}`).toBe(expected);
    }
  });

  test("the first token keeps its space when a prompt came before it", async () => {
    const llama = await load(pieceTokenizer(LLAMA_DECODER));
    const id = (token: string): number => llama.idOf(token)!;
    expect(stream(llama, [id("▁a"), id("b")])).toEqual(["a", "b", ""]);
    expect(stream(llama, [id("▁a"), id("b")], { promptTail: [1, id("▁ab")] })).toEqual([" a", "b", ""]);
  });
});

describe("other decoders", () => {
  test("WordPiece: joined pieces = decode", async () => {
    const words = await load(WORD_PIECE);
    expect(stream(words, [1, 2, 3, 4, 5, 6])).toEqual(["hello", " world", "s", ".", " don", "n't", ""]);
    for (let seed = 0; seed < 500; seed++) {
      const ids = randomIds(seed, words.vocabSize);
      expect(stream(words, ids).join(""), `seed ${seed}`).toBe(words.decode(ids));
    }
  });

  test("special tokens that follow each other, with the decoder's spaces or without", async () => {
    const words = await load(WORD_PIECE);
    const ids = [1, 0, 0, 2, 0];
    const text = (options: DetokenizerOptions) => stream(words, ids, options).join("");
    expect(text({ skipSpecialTokens: false })).toBe("hello [UNK] [UNK] world [UNK]");
    const options = { skipSpecialTokens: false, spacesBetweenSpecialTokens: false };
    expect(text(options)).toBe("hello [UNK][UNK] world [UNK]");
    expect(text({ ...options, promptTail: [0] })).toBe(" hello [UNK][UNK] world [UNK]");
    expect(text({ spacesBetweenSpecialTokens: false })).toBe("hello world");
  });

  test("without a decoder tokens stand apart", async () => {
    const words = await load({ ...WORD_PIECE, decoder: null });
    expect(words.decode([1, 2])).toBe("hello world");
    expect(stream(words, [1, 2]).join("")).toBe("hello world");
  });
});
