// Decoders that were trained on to see what comes behind a token, too, and embed texts: EmbeddingGemma, gte-Qwen2. Their configs say so.
import type { Architecture, EncoderArchitecture } from "./architecture.js";
import type { LayerSpec } from "./blueprint.js";
import type { ConfigReader } from "./hf-config.js";

/** Of what is behind the hidden states: embeddings need none of it. */
function isOfHead(name: string): boolean {
  return /(^|\.)(lm_head|score)\./.test(name);
}

/** Whether a decoder's config says that its tokens see all of a text. */
export function seesAll(reader: ConfigReader): boolean {
  return reader.raw("is_causal") === false || reader.raw("use_bidirectional_attention") === true;
}

/** The decoder as an encoder: whole prompts, no head. */
export function bidirectional(decoder: Architecture): EncoderArchitecture {
  const name = `${decoder.name} (bidirectional)`;
  return {
    kind: "encoder",
    name,
    basePrefix: decoder.basePrefix ?? "model.",
    isUnread: isOfHead,
    readConfig(reader) {
      const config = decoder.readConfig(reader);
      const hasWindows = config.windows.some((window) => window !== null);
      if (hasWindows && !decoder.hasBidirectionalWindows) reader.unsupported("sliding_window", ["null"]);
      return { ...config, architecture: name };
    },
    blueprint(config) {
      const { head: _, layers, ...stack } = decoder.blueprint(config);
      return { ...stack, layers: layers.map(withoutOrder) };
    },
  };
}

function withoutOrder<Layer extends LayerSpec>(layer: Layer): Layer {
  return { ...layer, attention: { ...layer.attention, isBidirectional: true } };
}
