// Models that are well known and not run: what they are made of that no op computes, so that a refusal says more than their name.

const LACKING: readonly (readonly [names: RegExp, what: string])[] = [
  [/^(Qwen3Next|Qwen3_5|Qwen4Exp|OlmoHybrid)/, "gated delta nets"],
  [/^(Falcon)?Mamba|^(Jamba|Bamba|Zamba|FalconH1|NemotronH|Plamo[23]|Hymba)/, "state space (Mamba) layers"],
  [/^(BailingHybrid|BailingMoeV2_5|KimiLinear|MiniMax(M1|Text01)?For)/, "linear attention"],
  [/^(Rwkv|RWKV|xLSTM|XLSTM|RecurrentGemma|Griffin)/, "recurrent layers"],
  [/^(DeepseekV32|DeepseekV4|GlmMoeDsa|Glm5)/, "sparse attention with an indexer"],
  [/^Lfm[23]/, "short convolutions"],
  [/^Gemma3n/, "alternating updates (AltUp)"],
  [/^LongcatFlash/, "experts that compute nothing, and two attentions a layer"],
  [/^(Afmoe|Laguna|Step3p)/, "gates on what attention gives"],
  [/^(T5|MT5|UMT5|Bart|MBart|Marian|Pegasus|M2M100|Whisper|T5Gemma)/, "an encoder before the decoder"],
];

/** What a model of one of these names has that Octavo does not; undefined where that is not known. */
export function lackingPart(names: readonly unknown[]): string | undefined {
  const texts = names.filter((name) => typeof name === "string");
  return LACKING.find(([known]) => texts.some((name) => known.test(name)))?.[1];
}
