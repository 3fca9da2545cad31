/** The address of this app, with a slash at its end; within a Space's frame it is the Space's own. */
export function baseAddress() {
  return new URL(".", `${window.location.origin}${window.location.pathname}`).href;
}

const TOKEN = "todo_pat_YOUR_TOKEN";

/** Code that is ready to run against this app, once a personal token stands in it. */
export function snippets(base = baseAddress()) {
  const mcp = `${base}gradio_api/mcp/`;
  const remote = { url: mcp, headers: { "X-API-Key": TOKEN } };
  return [
    {
      title: "curl",
      code: `curl "${base}api/v1/todos/quick" \\
  -H "X-API-Key: ${TOKEN}" -H "Content-Type: application/json" \\
  -d '{"text": "Pay rent every 1st 9am #home !high"}'`,
    },
    {
      title: "Python",
      code: `import httpx

api = httpx.Client(base_url="${base}api/v1", headers={"X-API-Key": "${TOKEN}"})
todo = api.post("/todos", json={"title": "Call grandma", "due_date": "2027-03-01T18:00"}).raise_for_status().json()
print(todo["weekday"], [one["title"] for one in api.get("/todos").json()["todos"]])`,
    },
    {
      title: "gradio_client",
      code: `import pandas as pd
from gradio_client import Client

client = Client("${base}", headers={"X-API-Key": "${TOKEN}"})
client.predict("Water the plants", tags=["home"], api_name="/add_todo")
print(pd.DataFrame(client.predict(api_name="/list_todos"))[["title", "priority", "due_date"]])`,
    },
    {
      title: "Claude Code",
      text: "Run this once in a terminal.",
      code: `claude mcp add --transport http todos ${mcp} --header "X-API-Key: ${TOKEN}"`,
    },
    {
      title: "Claude Desktop",
      text: "Settings, Developer, Edit Config. It needs Node.",
      code: pretty({
        mcpServers: { todos: { command: "npx", args: ["-y", "mcp-remote", mcp, "--header", `X-API-Key:${TOKEN}`] } },
      }),
    },
    { title: "Cursor", text: "In ~/.cursor/mcp.json.", code: pretty({ mcpServers: { todos: remote } }) },
    {
      title: "VS Code",
      text: "In .vscode/mcp.json.",
      code: pretty({ servers: { todos: { type: "http", ...remote } } }),
    },
  ];
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}
