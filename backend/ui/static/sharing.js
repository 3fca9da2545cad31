import { copyable } from "./copying.js";
import { momentText } from "./dates.js";
import { h, quoted, show } from "./dom.js";
import { field, formAlert, submitting } from "./forms.js";
import { ROLES } from "./roles.js";
import { actionButton, listItem } from "./section.js";
import { createSheet } from "./sheet.js";
import { baseAddress } from "./snippets.js";

/**
 * The dialog of who has a list together: its owners invite, give roles and take off, everybody else can leave.
 * @param account who looks
 * @param question asks for a yes
 * @param {(text: string) => void} say tells what is done once the dialog is closed
 */
export function createSharing({ account, call, overview, question, say, warn }) {
  let list = null;
  let linked = null; // the invitation whose link stands there
  let turn = Promise.resolve();
  const peopleHeading = h("h3", { class: "label" }, "People");
  const people = h("ul", { class: "plain-list" });
  const said = h("p", { class: "hint", role: "status" });
  const invitations = h("ul", { class: "plain-list" });
  const waiting = h("section", {}, h("h3", { class: "label" }, "Open invitations"), invitations);
  const role = roleChoice((one) => `${roleName(one)}: can ${ROLES[one].may}`);
  const fresh = h("div", { class: "fresh-invite", role: "status" });
  const form = h(
    "form",
    { class: "section-form", novalidate: true, on: { submit } },
    formAlert(),
    h(
      "div",
      { class: "form-line" },
      field("role", "Invite as", role),
      h("button", { type: "submit", class: "button is-primary" }, "Make a link"),
    ),
    fresh,
  );
  const everybody = h("section", {}, peopleHeading, people, said);
  const sheet = createSheet("sharing", "", h("div", { class: "dialog-fields" }, form, everybody, waiting));

  async function submit(event) {
    event.preventDefault();
    await submitting(form, async () => {
      const made = await call("add_invite", { id: list.id, body: { role: role.value } });
      const link = new URL(`?invite=${made.token}`, baseAddress()).href;
      linked = made.id;
      fresh.replaceChildren(
        h("p", { class: "hint" }, `Whoever opens it until ${momentText(made.expires_at)} can join. It is not shown again.`),
        copyable(link, "Link of the invitation"),
      );
      await loadInvitations();
    });
  }

  async function loadPeople() {
    const { members } = await call("list_members", { id: list.id });
    people.replaceChildren(...members.map(person));
  }

  async function loadInvitations() {
    const { invites } = await call("list_invites", { id: list.id });
    invitations.replaceChildren(...invites.map(invitation));
    show(waiting, invites.length > 0);
  }

  function person(member) {
    const isMe = member.user_id === account.id;
    const isOver = list.role === "owner" && !isMe && !member.is_list_owner;
    return listItem(
      [h("bdi", {}, member.username), isMe && " (you)"],
      !isOver && roleName(member.role),
      isOver && rolePicker(member),
      isOver && actionButton("Remove", () => remove(member), refused, { "aria-label": `Remove ${member.username}` }),
      isMe && !member.is_list_owner && actionButton("Leave", leave, refused, { "aria-label": "Leave the list" }),
    );
  }

  function rolePicker(member) {
    const picker = roleChoice(roleName, { "aria-label": `Role of ${member.username}` });
    picker.value = member.role;
    picker.addEventListener("change", () => giveRole(member, picker.value));
    return picker;
  }

  /** One after the other: with the arrow keys one goes through the roles, and the last one is meant. */
  function giveRole({ user_id, username }, chosen) {
    const { id } = list;
    turn = turn
      .then(() => call("update_member", { id, body: { user_id, role: chosen } }))
      .then(() => said.replaceChildren("Saved: ", quoted(username), ` can ${ROLES[chosen].may}.`))
      .catch(refused);
  }

  function invitation({ id, role: given, expires_at }) {
    const withdraw = async () => {
      await call("revoke_invite", { id: list.id, body: { invite_id: id } });
      if (linked === id) fresh.replaceChildren();
      await loadInvitations();
    };
    const until = momentText(expires_at);
    return listItem(
      roleName(given),
      `Good until ${until}`,
      actionButton("Withdraw", withdraw, refused, { "aria-label": `Withdraw the invitation as ${given}, good until ${until}` }),
    );
  }

  async function remove({ user_id, username }) {
    const text = "What is assigned to them there is nobody's then. To come back they need a new invitation.";
    if (!(await question.ask(["Take ", quoted(username), " off the list?"], text, "Remove"))) return;
    await call("remove_member", { id: list.id, body: { user_id } });
    await Promise.all([loadPeople(), overview.load()]);
  }

  async function leave() {
    const text = "Its todos stay with the others. To come back you need a new invitation.";
    if (!(await question.ask("Leave this list?", text, "Leave"))) return;
    await call("remove_member", { id: list.id, body: { user_id: account.id } });
    sheet.close();
    await overview.load();
    say("You have left the list.");
  }

  /** A toast under the dialog could not be seen. */
  function refused(refusal) {
    sheet.close();
    warn(refusal);
  }

  return {
    element: sheet.element,
    async open(id) {
      list = overview.list(id);
      const isOwner = list.role === "owner";
      sheet.entitle(isOwner ? "Share this list" : "People of this list");
      for (const part of [form, peopleHeading]) show(part, isOwner);
      show(waiting, false);
      fresh.replaceChildren();
      said.replaceChildren();
      try {
        await Promise.all([loadPeople(), isOwner && loadInvitations()]);
        sheet.open();
      } catch (refusal) {
        warn(refusal);
      }
    },
    close: sheet.close,
  };
}

/** A choice of all roles, the most usual first. */
function roleChoice(label, attributes = {}) {
  return h("select", attributes, ...["editor", "viewer", "owner"].map((role) => h("option", { value: role }, label(role))));
}

function roleName(role) {
  const { name } = ROLES[role];
  return name[0].toUpperCase() + name.slice(1);
}
