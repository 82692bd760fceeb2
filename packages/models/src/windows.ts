// Which layers see a window of tokens: `sliding_window`, `use_sliding_window`, `max_window_layers` and `layer_types` of config.json.
import type { ConfigReader } from "./hf-config.js";

const SLIDING = "sliding_attention";
const FULL = "full_attention";

/** What the fields mean where config.json leaves them out. */
export interface WindowDefaults {
  /** Default: none. */
  readonly window?: number;
  /** Whether layer `index` has the window, without `layer_types`. Default: every layer. */
  readonly slides?: (index: number) => boolean;
}

/**
 * For each layer, the tokens that one sees, itself included; null: all before it.
 * @throws CHECKPOINT or UNSUPPORTED that names the field
 */
export function readWindows(
  reader: ConfigReader,
  numLayers: number,
  { window: usual, slides = () => true }: WindowDefaults = {},
): (number | null)[] {
  const isOn = reader.boolean("use_sliding_window", true);
  const window =
    isOn && (usual !== undefined || reader.has("sliding_window"))
      ? reader.size("sliding_window", { fallback: usual, max: 2 ** 31 - 1 })
      : null;
  const types = reader.raw("layer_types");
  if (types === null) return Array.from({ length: numLayers }, (_, index) => (slides(index) ? window : null));
  if (!Array.isArray(types) || types.length !== numLayers) {
    return reader.fail("layer_types", `a list of ${numLayers} names, one for each layer`);
  }
  return types.map((type) => {
    if (type === FULL) return null;
    if (type !== SLIDING) return reader.unsupported("layer_types", [FULL, SLIDING]);
    return window ?? reader.fail("sliding_window", `a whole number, as layer_types has ${SLIDING}`);
  });
}

/** Qwen's: off unless `use_sliding_window` is true, and then in the layers from `max_window_layers` on. */
export function readQwenWindows(reader: ConfigReader, numLayers: number): (number | null)[] {
  if (!reader.boolean("use_sliding_window", false)) return Array.from({ length: numLayers }, () => null);
  const first = reader.integer("max_window_layers", { fallback: 28, min: 0, max: 2 ** 12 });
  return readWindows(reader, numLayers, { window: 4096, slides: (index) => index >= first });
}
