// Lets other requests go on between two pieces of work.

export const otherEvents = () => new Promise<void>((resolve) => setImmediate(resolve));
