// selectattr and rejectattr of attributes that an item lacks. To Jinja they are undefined, which a test may ask about
// (`selectattr("tool_calls", "undefined")`, Mistral); to the library every test of them has failed.

/** A value of the library's interpreter. */
export interface TemplateValue {
  readonly value: unknown;
}

/**
 * @param items what is filtered @param filter the library's, of items that have the attribute
 * @returns those that it takes
 */
export function filterByAttribute(
  items: readonly TemplateValue[],
  attribute: string,
  missing: TemplateValue,
  filter: (items: TemplateValue[]) => readonly TemplateValue[],
): TemplateValue[] {
  const originals = new Map<TemplateValue, TemplateValue>();
  const filled = items.map((item) => {
    const hasAll = !(item.value instanceof Map) || item.value.has(attribute);
    if (hasAll) return item;
    const twin = Object.create(item, {
      value: { value: new Map(item.value as Map<string, unknown>).set(attribute, missing) },
    });
    originals.set(twin, item);
    return twin;
  });
  return filter(filled).map((item) => originals.get(item) ?? item);
}
