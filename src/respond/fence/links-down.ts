/**
 * Links that go down with a cut, because some sender passes every hook, and come back with a release.
 *
 * What the kernel forgets when a link goes down (routes, IPv6 addresses) is kept as settings, the
 * first of each link being one of our own: that we took it down. They are in the kernel beside the
 * rules before the link goes down, so another run of us can give them back.
 */
import { type Link, restore, type Setting, setLinkUp, settingsOf } from "../../kernel/links.ts";
import type { NetlinkSocket } from "../../kernel/netlink.ts";
import { u32le } from "../../kernel/netlink-message.ts";

/** What taking these links down takes, for links that are not among what was taken before. */
export function settingsToKeep(
  route: NetlinkSocket,
  links: readonly Link[],
  taken: readonly Setting[],
): Setting[] {
  const before = new Set(taken.flatMap((one) => downIndex(one) ?? []));
  return links
    .filter(({ index, up }) => up && !before.has(index))
    .flatMap(({ index }) => [{ type: LINK_DOWN, body: u32le(index) }, ...settingsOf(route, index)]);
}

/** Takes down those that are up: what happened, a sentence each. */
export function takeDown(route: NetlinkSocket, links: readonly Link[]): string[] {
  return links
    .filter(({ up }) => up)
    .map(({ index, name }) => {
      const failed = setLinkUp(route, index, false);
      return failed === undefined ? `${name} was taken down` : `${name} stays up: ${failed}`;
    });
}

/** Gives back what was taken: what did not work, a sentence each. */
export function putBack(route: NetlinkSocket, taken: readonly Setting[]): string[] {
  const problems: string[] = [];
  for (const index of taken.flatMap((one) => downIndex(one) ?? [])) {
    const failed = setLinkUp(route, index, true);
    if (failed !== undefined) problems.push(`interface ${index} stays down: ${failed}`);
  }
  const failed = restore(
    route,
    taken.filter(({ type }) => type !== LINK_DOWN),
  );
  if (failed !== undefined) problems.push(`a route or an address is not back: ${failed}`);
  return problems;
}

/** Indexes of the links that were taken down. */
export function downLinks(taken: readonly Setting[]): ReadonlySet<number> {
  return new Set(taken.flatMap((one) => downIndex(one) ?? []));
}

function downIndex({ type, body }: Setting): number | undefined {
  if (type !== LINK_DOWN || body.length !== 4) return undefined;
  return new DataView(body.buffer, body.byteOffset).getUint32(0, true);
}

/** No type of rtnetlink's. */
const LINK_DOWN = 1;
