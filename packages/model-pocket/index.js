import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds Pocket's config, weights and tokenizer. */
export const modelPath = dirname(fileURLToPath(import.meta.url));
