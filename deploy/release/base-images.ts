import { DIGEST } from './pin.ts';

/** The images a Dockerfile takes as arguments, with the names it has for them. */
export function baseImagesOf(dockerfile: string): Record<string, string> {
  const found = [...dockerfile.matchAll(/^ARG ([A-Z_]+_IMAGE)=(\S+)$/gm)];
  return Object.fromEntries(found.map(([, name = '', image = '']) => [name, image]));
}

/** The build arguments that pin each of these images; `digestOf` asks its registry. */
export async function pinnedArguments(
  dockerfile: string,
  digestOf: (image: string) => Promise<string>,
): Promise<string[]> {
  return Promise.all(
    Object.entries(baseImagesOf(dockerfile)).map(async ([name, image]) => {
      const digest = await digestOf(image);
      if (!DIGEST.test(digest)) throw new Error(`${image} has no digest, but ${digest}`);
      return `${name}=${image}@${digest}`;
    }),
  );
}
