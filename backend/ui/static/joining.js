import { forgetInvite } from "./address.js";
import { quoted } from "./dom.js";
import { ROLES } from "./roles.js";

/** Refusals after which the same link may still be good. */
const PASSING = ["unreachable", "not_authenticated", "storage_unavailable", "rate_limited"];

/**
 * Joining a list by the link of an invitation: asked first, for a link may be opened by mistake.
 * @param question asks for a yes
 * @param {Function} say shows a toast
 */
export function createJoining({ call, views, overview, question, say, warn }) {
  return async function join(token) {
    try {
      const { list_id: id, name, owner_name: owner, role } = await call("look_at_invite", { body: { token } });
      const isWanted =
        overview.list(id) ||
        (await question.ask(
          ["Join the list ", quoted(name), " of ", quoted(owner), ` as ${ROLES[role].name}?`],
          `You can ${ROLES[role].may} then. The others in the list see your username.`,
          "Join",
        ));
      if (isWanted) await call("accept_invite", { body: { token } });
      forgetInvite();
      if (!isWanted) return;
      await overview.load();
      views.open({ view: "list", id });
      say(["You are in the list ", quoted(name), "."]);
    } catch (refusal) {
      if (!PASSING.includes(refusal.code)) forgetInvite();
      warn(refusal);
    }
  };
}
