// GGUF's tensor names of the llama architecture and the checkpoint names that Octavo's models read.

/** Names that come once. */
const ONCE: ReadonlyMap<string, string> = new Map([
  ["token_embd", "model.embed_tokens"],
  ["output_norm", "model.norm"],
  ["output", "lm_head"],
]);

/** Names of a layer, behind `blk.<number>.` and `model.layers.<number>.` */
const LAYER: ReadonlyMap<string, string> = new Map([
  ["attn_norm", "input_layernorm"],
  ["attn_q", "self_attn.q_proj"],
  ["attn_k", "self_attn.k_proj"],
  ["attn_v", "self_attn.v_proj"],
  ["attn_output", "self_attn.o_proj"],
  ["ffn_norm", "post_attention_layernorm"],
  ["ffn_gate", "mlp.gate_proj"],
  ["ffn_up", "mlp.up_proj"],
  ["ffn_down", "mlp.down_proj"],
]);

const NAME = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/;

/** The checkpoint's name of a tensor; GGUF's own for one that is not in the table. */
export function checkpointName(ggufName: string): string {
  const [, layer, module = "", ending] = NAME.exec(ggufName) ?? [];
  const found = layer === undefined ? ONCE.get(module) : LAYER.get(module);
  if (found === undefined) return ggufName;
  return layer === undefined ? `${found}.${ending}` : `model.layers.${layer}.${found}.${ending}`;
}

/**
 * Whether llama.cpp's converter reordered a tensor's rows, and by which heads. It does so for the llama architecture, whose
 * rotation it computes on neighbouring dimensions and not on halves of a head.
 */
export function permutedHeads(name: string): "query" | "key" | undefined {
  const [, projection] = /\.self_attn\.([qk])_proj\.(?:weight|bias)$/.exec(name) ?? [];
  if (projection === undefined) return undefined;
  return projection === "q" ? "query" : "key";
}
