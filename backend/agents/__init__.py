"""The door for agents: the Model Context Protocol over HTTP, with the official SDK. Knows neither REST nor the page."""
