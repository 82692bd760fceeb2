// The engine's vectors in OpenAI's shape.
import type { EmbeddingOutput } from "@octavo/engine";
import type { EmbeddingBody } from "./schema.js";

export function toEmbeddings(
  id: string,
  created: number,
  model: string,
  outputs: readonly EmbeddingOutput[],
  { encoding_format: format = "float" }: EmbeddingBody,
) {
  const tokens = outputs.reduce((sum, { promptTokenIds }) => sum + promptTokenIds.length, 0);
  return {
    id,
    object: "list",
    created,
    model,
    data: outputs.map(({ embedding }, index) => {
      return { object: "embedding", index, embedding: format === "base64" ? toBase64(embedding) : [...embedding] };
    }),
    usage: { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0, prompt_tokens_details: null },
  };
}

/** The bytes of float32, little-endian, as every machine that runs Node.js on kernels of ours has them. */
function toBase64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}
