// Cases of routeExperts: every way to score, choices that only ties, infinities or groups decide.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import type { RoutingOptions } from "../../experts.js";
import type { Random } from "../random.js";
import type { Fill } from "./case-bench.js";
import { listed, normal, smallIntegers } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

interface RoutingCase {
  readonly name: string;
  readonly why: string;
  readonly tokens: number;
  readonly experts: number;
  readonly chosen: number;
  readonly options: Omit<RoutingOptions, "bias">;
  readonly bias?: (random: Random) => Fill;
  readonly logits?: (random: Random) => Fill;
}

function routingCase(dtype: FloatDType, shape: RoutingCase): OpCase {
  const { name, why, tokens, experts, chosen, options, bias, logits = (random) => normal(random, 2) } = shape;
  return {
    op: "routeExperts",
    name: `routeExperts ${dtype} [${tokens},${experts}] to ${chosen}, ${name}`,
    why,
    dtype,
    // The weights are float32 whatever the logits are.
    tolerance: TOLERANCES.float32,
    prepare(bench) {
      const routing = {
        experts: bench.output("experts", "int32", [tokens, chosen]),
        weights: bench.output("weights", "float32", [tokens, chosen]),
      };
      const x = bench.input("logits", dtype, [tokens, experts], logits(bench.random));
      const given = bias
        ? { ...options, bias: bench.input("bias", "float32", [experts], bias(bench.random)) }
        : options;
      return () => bench.ops.routeExperts(routing, x, given);
    },
  };
}

const SOFTMAX = { scoring: "softmax", renormalize: false } as const;
const SIGMOID = { scoring: "sigmoid", renormalize: true } as const;

const SIZES: readonly RoutingCase[] = [
  { name: "smallest", why: "one expert, always chosen", tokens: 1, experts: 1, chosen: 1, options: SOFTMAX },
  {
    name: "Mixtral",
    why: "softmax over all, the chosen ones renormalized",
    tokens: 33,
    experts: 8,
    chosen: 2,
    options: { scoring: "softmax", renormalize: true },
  },
  {
    name: "not renormalized",
    why: "weights of a token need not sum to 1; experts of no multiple of a warp",
    tokens: 70,
    experts: 60,
    chosen: 4,
    options: SOFTMAX,
  },
  {
    name: "gpt-oss",
    why: "softmax over the chosen logits only",
    tokens: 17,
    experts: 32,
    chosen: 4,
    options: { scoring: "softmax_topk", renormalize: false },
  },
  {
    name: "sigmoid",
    why: "each expert scored on its own; a factor at the end",
    tokens: 5,
    experts: 128,
    chosen: 8,
    options: { ...SIGMOID, scale: 2.5 },
  },
  {
    name: "all of them",
    why: "every expert is chosen, in the order of the scores",
    tokens: 3,
    experts: 7,
    chosen: 7,
    options: { scoring: "softmax", renormalize: true, scale: 0.5 },
  },
];

const SPECIAL: readonly RoutingCase[] = [
  {
    name: "a gate",
    why: "one expert by the sigmoid of its logit: the factor of Qwen2-MoE's shared expert",
    tokens: 33,
    experts: 1,
    chosen: 1,
    options: { scoring: "sigmoid", renormalize: false },
  },
  {
    name: "ERNIE 4.5",
    why: "a bias beside a softmax: the weights are without it",
    tokens: 20,
    experts: 64,
    chosen: 6,
    options: { scoring: "softmax", renormalize: true },
    bias: (random) => normal(random, 0.05),
  },
  {
    name: "bias",
    why: "the bias chooses, the weights are without it",
    tokens: 20,
    experts: 64,
    chosen: 6,
    options: SIGMOID,
    bias: normal,
  },
  {
    name: "DeepSeek V3",
    why: "groups by their two best together, bias included",
    tokens: 9,
    experts: 256,
    chosen: 8,
    options: { ...SIGMOID, scale: 2.5, groups: 8, topGroups: 4 },
    bias: (random) => normal(random, 0.2),
  },
  {
    name: "DeepSeek V2",
    why: "groups by their best",
    tokens: 9,
    experts: 160,
    chosen: 6,
    options: { ...SOFTMAX, scale: 16, groups: 8, topGroups: 3 },
  },
  {
    name: "groups of one",
    why: "a group without a second best",
    tokens: 4,
    experts: 6,
    chosen: 2,
    options: { ...SIGMOID, groups: 6, topGroups: 2 },
    bias: normal,
  },
  {
    name: "ties",
    why: "equal logits go to the lowest ids, zeros of both signs are equal",
    tokens: 40,
    experts: 40,
    chosen: 8,
    options: { scoring: "softmax", renormalize: true },
    logits: (random) => {
      const fill = smallIntegers(random, 1);
      return (i) => fill(i) || (random.integer(2) === 0 ? 0 : -0);
    },
  },
  {
    name: "tied groups",
    why: "equal groups go to the lowest",
    tokens: 6,
    experts: 32,
    chosen: 4,
    options: { ...SOFTMAX, groups: 8, topGroups: 2 },
    logits: (random) => smallIntegers(random, 1),
  },
  {
    name: "infinities and NaN",
    why: "ids stay valid and different, and no NaN comes of it",
    tokens: 4,
    experts: 5,
    chosen: 3,
    options: { scoring: "softmax", renormalize: true },
    logits: () => {
      const [most, least, none] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
      const rows = [
        [none, none, none, none, none],
        [0, most, 1, most, none],
        [least, none, 3, least, least],
        [least, least, least, least, least],
      ];
      return listed(rows.flat());
    },
  },
  {
    name: "large logits",
    why: "exp overflows without its maximum, and sigmoid is 1 for many: the larger logit still comes first",
    tokens: 3,
    experts: 33,
    chosen: 4,
    options: SIGMOID,
    logits: (random) => normal(random, 200),
  },
  {
    name: "scores of zero",
    why: "a sum of zero divides nothing",
    tokens: 2,
    experts: 4,
    chosen: 2,
    options: SIGMOID,
    logits: () => () => Number.NEGATIVE_INFINITY,
  },
];

export const routingCases: readonly OpCase[] = [
  ...FLOAT_DTYPES.flatMap((dtype) => SIZES.map((shape) => routingCase(dtype, shape))),
  ...SPECIAL.map((shape) => routingCase("float32", shape)),
];
