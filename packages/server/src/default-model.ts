// The model that is served when none is named: Pocket, when it is installed.
import { OctavoError } from "@octavo/core";

const PACKAGE: string = "@octavo/model-pocket";

export const DEFAULT_MODEL_NAME = "pocket";

/** Pocket's folder. @throws INVALID_ARGUMENT that says what to do when the package is not installed */
export async function defaultModelFolder(): Promise<string> {
  try {
    const { modelPath } = (await import(PACKAGE)) as { modelPath: string };
    return modelPath;
  } catch (cause) {
    const message = `no MODEL was given and the default, ${PACKAGE}, is not installed; name a model's folder or GGUF file (octavo serve MODEL) or run: npm install ${PACKAGE}`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "MODEL", cause });
  }
}
