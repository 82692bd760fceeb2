// Where the API page's library lies: in dist/, whether this module runs from src/ or, built, from dist/ itself.

export const docsFolder = new URL("../dist/docs/", import.meta.url);
