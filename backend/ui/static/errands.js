import { Refusal } from "./calls.js";
import { newId } from "./ids.js";

/**
 * Errands: events of Gradio's, for what its own components show. The answer comes through the courier, a component of
 * ours whose value it becomes.
 * @param trigger Gradio's: tells the server of an event
 * @param {() => Promise<string>} token the account's
 */
export function createErrands(trigger, token) {
  const waiting = new Map();

  document.addEventListener("todos:answer", ({ detail }) => {
    const done = waiting.get(detail?.ticket);
    waiting.delete(detail?.ticket);
    done?.(detail);
  });

  /**
   * Run an errand; answers its data or throws a Refusal. Gradio itself tells when the connection is lost.
   * @param {"draw_stats"|"import_file"|"export_file"} name
   */
  return async function send(name, body) {
    const ticket = newId();
    const envelope = { token: await token(), body, ticket };
    const answer = await new Promise((resolve) => {
      waiting.set(ticket, resolve);
      trigger(name, envelope);
    });
    if (!answer.ok) throw new Refusal(answer.error);
    return answer.data;
  };
}
