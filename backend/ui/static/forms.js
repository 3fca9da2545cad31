import { freshId, h } from "./dom.js";

/** Refusals that speak of one field without naming it in `errors`. */
const FIELD_OF_CODE = { email_taken: "email", username_taken: "username" };

/**
 * A control with its label, a hint, and a place for what is wrong with it.
 * @param {string} name the field's name on the server
 * @param {{hint?: string, hidesLabel?: boolean, around?: Element}} options `around`: what holds the control
 */
export function field(name, label, control, { hint = "", hidesLabel = false, around = control } = {}) {
  const hintId = freshId("hint");
  const faultId = freshId("fault");
  control.id ||= freshId(name);
  control.setAttribute("aria-describedby", hint ? `${hintId} ${faultId}` : faultId);
  return h(
    "div",
    { class: "field", data: { field: name } },
    h("label", { for: control.id, class: hidesLabel ? "label visually-hidden" : "label" }, label),
    around,
    hint && h("p", { class: "hint", id: hintId }, hint),
    h("p", { class: "fault", id: faultId }),
  );
}

/** A line above or below the fields for what concerns the form as a whole. */
export function formAlert() {
  return h("p", { class: "form-alert", role: "alert" });
}

/** Take back all complaints. */
export function clearFaults(form) {
  for (const place of form.querySelectorAll(".fault, .form-alert")) place.textContent = "";
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/** Show a refusal: beside the fields that it names, the rest in the form's alert. The first wrong field gets the focus. */
export function showFaults(form, refusal) {
  clearFaults(form);
  const faults = refusal.errors.length
    ? refusal.errors
    : [{ field: FIELD_OF_CODE[refusal.code] ?? "", message: refusal.detail }];
  const rest = faults.filter((fault) => !showFault(form, fault));
  const alert = form.querySelector(".form-alert");
  if (alert) alert.textContent = rest.map(({ message }) => sentence(message)).join(" ");
  form.querySelector("[aria-invalid]")?.focus();
}

/** Show what is wrong beside its field; false where the form has no such field. `tags.3` belongs to `tags`. */
function showFault(form, { field: name, message }) {
  const place = form.querySelector(`[data-field="${CSS.escape(name.split(".")[0])}"]`);
  if (!place) return false;
  place.querySelector(".fault").textContent = sentence(message);
  place.querySelector("input, textarea, select")?.setAttribute("aria-invalid", "true");
  return true;
}

function sentence(text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** Run the work of a form with its submit button disabled; a refusal is shown in the form. True where it went well. */
export async function submitting(form, work) {
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-disabled") === "true") return false;
  clearFaults(form);
  // Not `disabled`, which would take the focus away from the button.
  button.setAttribute("aria-disabled", "true");
  try {
    await work();
    return true;
  } catch (refusal) {
    if (!refusal.code) throw refusal;
    showFaults(form, refusal);
    return false;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
