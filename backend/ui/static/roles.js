/** What each role is called, and what it lets one do with a list. */
export const ROLES = {
  owner: { name: "owner", may: "do everything with it" },
  editor: { name: "editor", may: "change its todos" },
  viewer: { name: "viewer", may: "look at it" },
};
