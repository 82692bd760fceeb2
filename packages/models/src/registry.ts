// The architectures that Octavo knows. A new one is one file and one entry here.
import { OctavoError } from "@octavo/core";
import type { Architecture } from "./architecture.js";
import type { ConfigReader } from "./hf-config.js";
import { llama } from "./llama.js";

const ARCHITECTURES: readonly Architecture[] = [llama];

/** Names that `architectures` in config.json may have. */
export function supportedArchitectures(): string[] {
  return ARCHITECTURES.map(({ name }) => name).sort();
}

/** The architecture that a config names. @throws UNSUPPORTED with what was found and what there is; CHECKPOINT when it names none */
export function architectureOf(reader: ConfigReader): Architecture {
  const names = reader.raw("architectures");
  if (!Array.isArray(names) || names.length === 0) {
    reader.fail("architectures", `a list with one of ${supportedArchitectures().join(", ")}`);
  }
  const found = ARCHITECTURES.find(({ name }) => names.includes(name));
  return found ?? reader.unsupported("architectures", supportedArchitectures());
}

/** The architecture that was found before under this name. */
export function architectureNamed(name: string): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.name === name);
  if (found === undefined) throw new OctavoError({ code: "INTERNAL", message: `no architecture ${name}` });
  return found;
}
