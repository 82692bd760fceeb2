// The op-case table: every case of every op, for parity between backends, speed and the list of what is supported.
import { activationCases } from "./activation-cases.js";
import { adjustCases } from "./adjust-cases.js";
import { attentionCases } from "./attention-cases.js";
import { attentionOptionsCases } from "./attention-options-cases.js";
import { batchCases } from "./batch-cases.js";
import { blockLinearCases } from "./block-linear-cases.js";
import { elementCases } from "./element-cases.js";
import { embeddingCases } from "./embedding-cases.js";
import { encoderAttentionCases } from "./encoder-attention-cases.js";
import { expertCases } from "./expert-cases.js";
import { filterCases } from "./filter-cases.js";
import { headLinearCases } from "./head-linear-cases.js";
import { headNormCases } from "./head-norm-cases.js";
import { latentAttentionCases } from "./latent-attention-cases.js";
import { linearCases } from "./linear-cases.js";
import { logprobsCases } from "./logprobs-cases.js";
import { normCases } from "./norm-cases.js";
import type { OpCase } from "./op-case.js";
import { poolingCases } from "./pooling-cases.js";
import { recordCases } from "./record-cases.js";
import { ropeCases } from "./rope-cases.js";
import { routingCases } from "./routing-cases.js";
import { samplingCases } from "./sampling-cases.js";

/** Every case that a backend must pass. Names are unique. */
export const opCases: readonly OpCase[] = [
  ...batchCases,
  ...recordCases,
  ...embeddingCases,
  ...normCases,
  ...headNormCases,
  ...elementCases,
  ...ropeCases,
  ...latentAttentionCases,
  ...attentionOptionsCases,
  ...attentionCases,
  ...encoderAttentionCases,
  ...linearCases,
  ...blockLinearCases,
  ...routingCases,
  ...expertCases,
  ...headLinearCases,
  ...activationCases,
  ...poolingCases,
  ...adjustCases,
  ...filterCases,
  ...samplingCases,
  ...logprobsCases,
];
