// CodeGenForCausalLM: GPT-J with q, v and k of four groups of heads in one projection (Nijkamp et al. 2022).
import type { Architecture } from "../architecture.js";
import { mergedAttention } from "../hf-modules.js";
import { type RowOrder, splitRotaryPairs } from "../row-order.js";
import { gptJBlueprint, readGptJConfig } from "./gptj.js";

const NAME = "CodeGenForCausalLM";
/** Of the TPUs that it was trained on: each had its heads' queries, values and keys. */
const GROUPS = 4;

export const codeGen: Architecture = {
  name: NAME,
  basePrefix: "transformer.",
  readConfig(reader) {
    const config = readGptJConfig(reader, NAME);
    if (config.numHeads % GROUPS !== 0) reader.fail("n_head", `a multiple of ${GROUPS}`);
    return config;
  },
  blueprint(config) {
    const { numHeads, headDim, rope } = config;
    const rows = splitGroups(numHeads * headDim, splitRotaryPairs(headDim, rope!.rotaryDim));
    return gptJBlueprint(config, (index, id) =>
      mergedAttention({ qkv: `${id}.qkv_proj`, output: `${id}.out_proj` }, index, config, { rows }, { rope: 0 }),
    );
  },
};

/** @param size rows of each of q, k and v @param pairs the order of those that turn */
function splitGroups(size: number, pairs: RowOrder): RowOrder {
  const inGroup = size / GROUPS;
  return (row, count) => {
    const kind = Math.floor(row / size);
    const own = row % size;
    const from = kind === 2 ? own : pairs(own, count);
    const place = kind === 0 ? 0 : 3 - kind;
    return (Math.floor(from / inGroup) * 3 + place) * inGroup + (from % inGroup);
  };
}
