// From GGUF's tensor names to those of checkpoints, by a dialect's table.
import type { GgufTensorNames } from "./dialect.js";

/** What of a tensor of the file is in one of the checkpoint. */
export interface Placement {
  /** In the checkpoint; "#" in place of an index into the first dimension. */
  readonly name: string;
  /** Of several tensors of one name the one with the lowest rank comes first. */
  readonly rank: number;
  /** Whose rows of a merged projection: 0 queries, 1 keys, 2 values. Absent: all. */
  readonly share?: 0 | 1 | 2;
}

/** Factors beside a weight (Gemma 4) have no ending but their own, which is a part of their name in tables. */
const NAME = /^(?:blk\.(\d+)\.)?(.+?)(\.weight|\.bias|(?<=\.scale))$/;

/** Where a tensor goes; a tensor that is in no table keeps its name. */
export function placementsOf(ggufName: string, names: GgufTensorNames): readonly Placement[] {
  const [, layer, module = "", ending = ""] = NAME.exec(ggufName) ?? [];
  const table = layer === undefined ? names.once : names.layer;
  if (!Object.hasOwn(table, module)) return [{ name: ggufName, rank: 0 }];
  const found = table[module]!;
  const rank = Object.keys(table).indexOf(module);
  const full = (own: string) => {
    const prefix = layer === undefined ? "" : `${names.layers ?? "model.layers"}.${layer}.`;
    return `${prefix}${own}${names.bare?.includes(own) ? "" : ending}`;
  };
  if (typeof found === "string") return [{ name: full(found), rank }];
  return found.map((own, share) => ({ name: full(own), rank, share: share as 0 | 1 | 2 }));
}

/**
 * Whether a tensor that is in no table may change what is computed: every one of a layer, and factors of others, and projections of
 * embeddings. Not so what old files have of frequencies.
 */
export function matters(ggufName: string): boolean {
  return /^blk\.|^dense_|scale$/.test(ggufName) && !ggufName.includes(".attn_rot_embd.");
}

/** Whether the rows of a tensor, or the elements of a norm of heads, turn with positions. */
export function turns(name: string): boolean {
  return /\.self_attn\.[qk]_(?:proj|norm)\.(?:weight|bias)$/.test(name);
}

/** Whether a tensor is a norm's weight. */
export function isNorm(ggufName: string): boolean {
  return ggufName.endsWith("_norm.weight");
}
