// Python's `"{} of {total:>3}".format(1, total=5)`, as Jinja's sandbox runs it.
import { formatted, parseFormatSpec } from "./format-spec.js";
import { repr, str } from "./text.js";
import type { Arguments, Value } from "./values.js";

const FIELD = /^([^.[!:]*)((?:\.[^.[!:]+|\[[^\]]+\])*)(?:!([rsa]))?(?::(.*))?$/su;

/** How fields such as `{user.name[0]}` reach into their argument. */
interface Lookups {
  getAttribute(value: Value, name: string): Value;
  getItem(value: Value, key: Value): Value;
}

/** @throws Error of an argument that is missing, and of braces that do not match */
export function formatText(format: string, args: Arguments, lookups: Lookups): string {
  let automatic = 0;
  const argument = (name: string): Value => {
    const key = name === "" ? String(automatic++) : name;
    const value = /^\d+$/.test(key) ? args.positional[Number(key)] : args.named.get(key);
    if (value === undefined) throw new Error(`no argument ${repr(key)} was given to format()`);
    return value;
  };
  const replaced = (text: string, depth: number): string =>
    fieldsOf(text, (field) => {
      if (depth > 1) throw new Error("Max string recursion exceeded");
      const found = FIELD.exec(field);
      if (!found) throw new Error(`format() cannot read the field '{${field}}'`);
      const [, name, path, conversion, spec] = found;
      let value = argument(name!);
      for (const [, attribute, index] of path!.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
        const key = index !== undefined && /^\d+$/.test(index) ? BigInt(index) : (index ?? "");
        value = attribute === undefined ? lookups.getItem(value, key) : lookups.getAttribute(value, attribute);
      }
      if (conversion !== undefined) value = conversion === "s" ? str(value) : repr(value);
      const wanted = replaced(spec ?? "", depth + 1);
      return wanted === "" ? str(value) : formatted(value, parseFormatSpec(wanted));
    });
  return replaced(format, 0);
}

/** Calls back for what stands in braces; doubled braces are plain ones. */
function fieldsOf(text: string, field: (text: string) => string): string {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    const isBrace = char === "{" || char === "}";
    if (!isBrace) result += char;
    else if (text[i + 1] === char) {
      result += char;
      i += 1;
    } else if (char === "}") throw new Error("Single '}' encountered in format string");
    else {
      const end = closingBrace(text, i);
      result += field(text.slice(i + 1, end));
      i = end;
    }
  }
  return result;
}

function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === "{") depth += 1;
    if (text[i] === "}") depth -= 1;
    if (depth === 0) return i;
  }
  throw new Error("expected '}' before end of string");
}
