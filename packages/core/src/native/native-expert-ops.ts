// The ops of layers with experts, over the calls of an addon; checked as native-ops.ts says.
import { DTYPES } from "../dtype.js";
import { OctavoError } from "../errors.js";
import { type ExpertOps, type ExpertWeights, MOST_EXPERTS, type Routing, type RoutingOptions } from "../experts.js";
import type { Tensor } from "../tensor.js";
import { NativeAttentionOps } from "./native-attention-ops.js";
import { NativeExpertWeights } from "./native-expert-weights.js";
import type { IsOwnWeight } from "./native-linear-weight.js";
import type { NativeOpCalls } from "./native-op-calls.js";
import {
  address,
  checkContiguous,
  checkFloat,
  checkMatrix,
  checkProduct,
  checkSameDtype,
  checkVector,
  fail,
} from "./op-checks.js";

/** As ExpertScoring of op_arguments.h. */
const SCORINGS = { softmax: 0, sigmoid: 1, softmax_topk: 2 } as const;

export class NativeExpertOps extends NativeAttentionOps implements ExpertOps {
  protected readonly isOwn: IsOwnWeight;

  /**
   * @param backend the number that the addon knows the backend by
   * @param isOwn whether a weight was prepared by this very backend
   */
  constructor(native: NativeOpCalls, backend: number, isOwn: IsOwnWeight) {
    super(native, backend);
    this.isOwn = isOwn;
  }

  routeExperts(routing: Routing, logits: Tensor, options: RoutingOptions): void {
    const [tokens, chosen] = routing.experts.shape;
    const [, count] = logits.shape;
    const { scoring, renormalize, scale = 1, bias, groups = 1, topGroups = groups } = options;
    checkRouting("routeExperts", routing, tokens!, chosen!);
    checkFloat("routeExperts", logits);
    checkMatrix("routeExperts", "logits", logits, tokens!, count!);
    checkContiguous("routeExperts", "logits", logits);
    if (bias) checkVector("routeExperts", "bias", bias, count!);
    if (bias && bias.dtype !== "float32") fail("routeExperts", `the bias is ${bias.dtype}, float32 was expected`);
    checkGroups(count!, chosen!, groups, topGroups);
    if (tokens === 0) return;
    this.native.routeExperts(
      this.backend,
      address(routing.experts),
      address(routing.weights),
      address(logits),
      DTYPES[logits.dtype].code,
      tokens!,
      count!,
      chosen!,
      SCORINGS[scoring],
      renormalize ? 1 : 0,
      scale,
      bias ? address(bias) : 0,
      groups,
      topGroups,
    );
  }

  expertLinear(out: Tensor, x: Tensor, experts: ExpertWeights, routing: Routing): void {
    const [tokens, chosen] = routing.experts.shape;
    checkRouting("expertLinear", routing, tokens!, chosen!);
    this.#multiply("expertLinear", out, x, experts, tokens! * chosen!, chosen!, routing.experts);
  }

  headLinear(out: Tensor, x: Tensor, heads: ExpertWeights): void {
    const rows = out.shape[0]!;
    if (rows % heads.count !== 0)
      fail("headLinear", `out is [${out.shape}], rows for ${heads.count} heads were expected`);
    this.#multiply("headLinear", out, x, heads, rows, heads.count);
  }

  /** @param chosen rows that a token has @param routed without it each row of a token goes to the expert of its own */
  #multiply(
    op: string,
    out: Tensor,
    x: Tensor,
    experts: ExpertWeights,
    rows: number,
    chosen: number,
    routed?: Tensor,
  ): void {
    const share = x.shape[0] === rows ? 1 : chosen;
    if (!(experts instanceof NativeExpertWeights) || experts.isOwn !== this.isOwn) {
      fail(op, "the experts were prepared by another backend");
    }
    if (!experts.complete) {
      const message = `${op}: the experts or one of their weights were used after dispose()`;
      throw new OctavoError({ code: "DISPOSED", message });
    }
    checkProduct(op, out, rows, x, rows / share, experts);
    if (rows === 0) return;
    this.native.expertLinear(
      this.backend,
      experts.id,
      address(out),
      out.strides[0]!,
      DTYPES[out.dtype].code,
      address(x),
      x.strides[0]!,
      DTYPES[x.dtype].code,
      rows,
      share,
      routed ? address(routed) : 0,
    );
  }

  combineExperts(out: Tensor, x: Tensor, routing: Routing): void {
    const [tokens, chosen] = routing.weights.shape;
    const [, hidden] = out.shape;
    checkRouting("combineExperts", routing, tokens!, chosen!);
    checkFloat("combineExperts", out);
    checkSameDtype("combineExperts", x, out);
    checkMatrix("combineExperts", "out", out, tokens!, hidden!);
    checkMatrix("combineExperts", "x", x, tokens! * chosen!, hidden!);
    checkContiguous("combineExperts", "out", out);
    checkContiguous("combineExperts", "x", x);
    if (tokens === 0) return;
    this.native.combineExperts(
      this.backend,
      DTYPES[out.dtype].code,
      address(out),
      address(x),
      address(routing.weights),
      tokens!,
      chosen!,
      hidden!,
    );
  }
}

function checkRouting(op: string, { experts, weights }: Routing, tokens: number, chosen: number): void {
  checkMatrix(op, "routing.experts", experts, tokens, chosen);
  checkMatrix(op, "routing.weights", weights, tokens, chosen);
  checkContiguous(op, "routing.experts", experts);
  checkContiguous(op, "routing.weights", weights);
  if (experts.dtype !== "int32" || weights.dtype !== "float32") {
    fail(op, `the routing is ${experts.dtype} and ${weights.dtype}, int32 and float32 were expected`);
  }
}

function checkGroups(count: number, chosen: number, groups: number, topGroups: number): void {
  if (count > MOST_EXPERTS || chosen > count || chosen < 1) {
    fail(
      "routeExperts",
      `${chosen} of ${count} experts were asked for, 1 to all of at most ${MOST_EXPERTS} are possible`,
    );
  }
  if (count % groups !== 0 || topGroups < 1 || topGroups > groups || (count / groups) * topGroups < chosen) {
    fail("routeExperts", `${chosen} of ${count} experts cannot come from ${topGroups} of ${groups} groups`);
  }
}
