import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { describe, expect, test } from "vitest";
import { golden, packed } from "../../test-support/fixtures.js";
import { modelFolder, randomInts } from "../../test-support/model-folder.js";
import { Encoder } from "../encoder.js";
import { Tokenizer } from "../tokenizer.js";
import { readPieceTokenizer } from "./piece-tokenizer.js";

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly decoded: string | null;
}
const models: Readonly<Record<string, Case[]>> = golden("golden.json").models;

async function load(name: string, config: object = {}): Promise<Tokenizer> {
  const folder = await modelFolder({ "tokenizer_config.json": config });
  writeFileSync(join(folder, "tokenizer.model"), packed(`${name}.model`));
  return Tokenizer.load(folder);
}
/** SentencePiece itself gives letters for these, transformers their ids. */
const hasSpecials = (text: string): boolean => /<s>|<unk>|<pad>|<\/s>/.test(text);

describe.each(Object.entries(models))("%s", (name, cases) => {
  test("encodes as SentencePiece", async () => {
    const tokenizer = await load(name, { add_bos_token: false });
    expect(cases.length).toBeGreaterThan(100);
    for (const { text, ids } of cases) {
      if (!hasSpecials(text)) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
    }
  });

  test("decodes as SentencePiece", async () => {
    const tokenizer = await load(name);
    for (const { text, ids, decoded } of cases) {
      if (decoded !== null) expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(decoded);
    }
  });
});

describe("what SentencePiece leaves to its caller", () => {
  test("control tokens in a text are themselves, and a space is put before the first part only", async () => {
    const tokenizer = await load("bpe");
    const tokens = (text: string): (string | undefined)[] =>
      [...tokenizer.encode(text)].map((id) => tokenizer.tokenOf(id));
    expect(tokens("a<s>a")).toEqual(["<s>", "\u2581a", "<s>", "a"]);
    const legacy = await load("bpe", { legacy: true, add_bos_token: false, add_eos_token: true });
    expect([...legacy.encode("a<s>a")].map((id) => legacy.tokenOf(id))).toEqual(["\u2581a", "<s>", "\u2581a", "</s>"]);
    const bare = await load("bpe", { add_prefix_space: false });
    expect([...bare.encode("a")].map((id) => bare.tokenOf(id))).toEqual(["<s>", "a"]);
    expect(bare.decode(bare.encode(" a"))).toBe(" a");
  });

  test("named tokens come from the file, and the configuration replaces them", async () => {
    const tokenizer = await load("bpe");
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId]).toEqual([1, 2]);
    expect((await load("bpe", { eos_token: "<s>" })).eosTokenId).toBe(1);
    expect([1, 2, 0, 3, 300].map((id) => tokenizer.isSpecial(id))).toEqual([true, true, true, false, false]);
    const t5 = await load("unigram", { tokenizer_class: "T5TokenizerFast" });
    expect([t5.eosTokenId, t5.encode("the").at(-1)]).toEqual([1, 1]);
  });

  test("added tokens of the configuration follow the pieces", async () => {
    const tokenizer = await load("bpe", { added_tokens_decoder: { 700: { content: "[INST]", special: true } } });
    expect([tokenizer.vocabSize, tokenizer.encode("[INST] a")[1]]).toEqual([701, 700]);
  });
});

describe("damaged files", () => {
  const model = packed("bpe.model");
  /** A field of bytes: tag, length below 128, content. */
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const unknown = field(1, Buffer.concat([field(1, Buffer.from("<unk>")), Buffer.from([0x18, 2])]));
  const piece = field(1, field(1, Buffer.from("a")));

  test.each([
    ["cut short", model.subarray(0, 1000), /field 1 at byte \d+ has \d+ bytes, \d+ are left/],
    [
      "a length that lies",
      Buffer.concat([unknown, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])]),
      /field 1 at byte \d+ has 4294967295 bytes, 0 are left/,
    ],
    [
      "a length without end",
      Buffer.concat([unknown, Buffer.from([0x0a]), Buffer.alloc(20, 0xff)]),
      /more than ten bytes/,
    ],
    ["nothing", Buffer.alloc(0), /it has no pieces/],
    ["something else", Buffer.from("hello, this is no model"), /no field of a message/],
    ["a piece twice", Buffer.concat([unknown, piece, piece]), /pieces\[1\] and pieces\[2\] are both "a"/],
    ["a piece without text", Buffer.concat([unknown, field(1, Buffer.alloc(0))]), /pieces\[1\]\.piece is missing/],
    [
      "a piece that is not UTF-8",
      Buffer.concat([unknown, field(1, field(1, Buffer.from([0xff])))]),
      /pieces\[1\]\.piece is not UTF-8/,
    ],
    [
      "a score that is no number",
      Buffer.concat([unknown, field(1, Buffer.from([0x0a, 1, 0x61, 0x15, 0, 0, 0xc0, 0x7f]))]),
      /pieces\[1\]\.score is NaN/,
    ],
    [
      "a kind that is none",
      Buffer.concat([unknown, field(1, Buffer.from([0x0a, 1, 0x61, 0x18, 9]))]),
      /pieces\[1\]\.type is 9/,
    ],
    [
      "another model type",
      Buffer.concat([unknown, piece, field(2, Buffer.from([0x18, 3]))]),
      /trainer_spec\.model_type is word/,
    ],
    [
      "an id out of range",
      Buffer.concat([unknown, piece, field(2, Buffer.from([0xc8, 2, 99]))]),
      /trainer_spec\.bos_id is 99, there are 2 pieces/,
    ],
    ["an unknown piece that is none", Buffer.concat([piece, unknown]), /trainer_spec\.unk_id is 0, which is "a"/],
  ])("%s: names the field", async (_, bytes, message) => {
    const folder = await modelFolder({});
    const path = join(folder, "tokenizer.model");
    writeFileSync(path, bytes);
    const expected = { code: "CHECKPOINT", param: path, message: expect.stringMatching(message) };
    await expect(Tokenizer.load(folder)).rejects.toMatchObject(expected);
  });

  test("2000 files with random damage give a tokenizer or an error that names the file", {
    timeout: 60_000,
  }, async () => {
    const below = randomInts(7);
    const folder = await modelFolder({});
    const path = join(folder, "tokenizer.model");
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.from(packedOnce(i % 10 === 0 ? "unigram" : ["bpe-unk", "unigram-bytes"][i % 2]!));
      for (let j = 0; j <= below(4); j++) bytes[below(i % 4 === 0 ? 60 : bytes.length)] = below(256);
      const cut = below(5) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
      try {
        const { tokenizer, config } = readPieceTokenizer(path, cut, {});
        const encoder = new Encoder(tokenizer, [], path);
        for (const _ of encoder.encode("the ferry, \u6f22 12", true));
        expect(config.unk_token).toBeTypeOf("string");
      } catch (error) {
        refused += 1;
        if (!OctavoError.isInstance(error) || !error.message.includes(path)) throw error;
      }
    }
    expect(refused).toBeGreaterThan(300);
    expect(refused).toBeLessThan(1900);
  });
});

const unpacked = new Map<string, Buffer>();
function packedOnce(name: string): Buffer {
  const found = unpacked.get(name) ?? packed(`${name}.model`);
  unpacked.set(name, found);
  return found;
}

test.each(["bpe", "bpe-user", "bpe-unk", "unigram", "unigram-bytes"])(
  "%s: a long text is encoded in slices",
  (name) => {
    const { tokenizer } = readPieceTokenizer("tokenizer.model", packedOnce(name), {});
    const encoder = new Encoder(tokenizer, [], "tokenizer.model");
    const text = `${"the ferry left, 漢字 12 ".repeat(4000)}\n`;
    let slices = 0;
    let ids: Int32Array | undefined;
    for (const running = encoder.encode(text, false); ids === undefined; slices++) {
      const { done, value } = running.next();
      if (done) ids = value;
    }
    // One piece, where the vocabulary has no place to cut.
    if (name !== "bpe-unk") expect(slices).toBeGreaterThan(5);
    const half = encoder.encode(text.slice(0, text.length / 2), false).next();
    expect(ids.length).toBeGreaterThan(half.done ? half.value.length : 0);
  },
);
