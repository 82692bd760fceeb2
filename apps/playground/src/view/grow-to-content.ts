/** Makes a text field as high as its text, for browsers without `field-sizing`; style sheets say how high at most. */
export function growToContent(field: HTMLTextAreaElement): void {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}
