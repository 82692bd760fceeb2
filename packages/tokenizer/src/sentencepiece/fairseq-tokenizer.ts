// `sentencepiece.bpe.model`: XLM-R's and CamemBERT's unigrams, whose ids fairseq gave. It put tokens of its own in front of SentencePiece's,
// and the masked one behind; which, only the code of transformers' tokenizers says.
import type { TokenizerConfig } from "../tokenizer-json.js";
import { type Piece, PieceKind, type PieceModelFile } from "./model-file.js";
import { type PieceTokenizerFiles, readPieceTokenizer } from "./piece-tokenizer.js";
import { ProtobufError } from "./protobuf-reader.js";

/** How SentencePiece begins. */
const FIRST = ["<unk>", "<s>", "</s>"];

interface FairseqIds {
  readonly front: readonly string[];
  /** Pieces of the file's beginning that fairseq's stand for. */
  readonly replaced: number;
}

const XLM_ROBERTA = "XLMRobertaTokenizer";
const IDS: ReadonlyMap<string, FairseqIds> = new Map([
  [XLM_ROBERTA, { front: ["<s>", "<pad>", "</s>", "<unk>"], replaced: 3 }],
  ["CamembertTokenizer", { front: ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"], replaced: 1 }],
]);

/** @param config tokenizer_config.json; without a class that is known here XLM-R's @throws CHECKPOINT that names the file */
export function readFairseqTokenizer(path: string, bytes: Uint8Array, config: TokenizerConfig): PieceTokenizerFiles {
  const asked = String(config.tokenizer_class ?? "").replace(/Fast$/, "");
  const name = IDS.has(asked) ? asked : XLM_ROBERTA;
  // A space goes before each part of a text that special tokens cut, as with `legacy`.
  const own = { ...config, tokenizer_class: name, legacy: true };
  return readPieceTokenizer(path, bytes, own, (file) => withFairseqIds(file, IDS.get(name)!));
}

function withFairseqIds(file: PieceModelFile, { front, replaced }: FairseqIds): PieceModelFile {
  const found = file.pieces.slice(0, FIRST.length).map(({ text }) => text);
  if (`${found}` !== `${FIRST}`) throw new ProtobufError(`its first pieces are ${found}, expected ${FIRST}`);
  const special = (text: string): Piece => ({
    text,
    score: 0,
    kind: text === "<unk>" ? PieceKind.unknown : PieceKind.control,
  });
  const pieces = [...front.map(special), ...file.pieces.slice(replaced), special("<mask>")];
  const idOf = (text: string) => pieces.findIndex((piece) => piece.text === text);
  return {
    ...file,
    pieces,
    unkId: idOf("<unk>"),
    bosId: idOf("<s>"),
    eosId: idOf("</s>"),
    padId: idOf("<pad>"),
  };
}
