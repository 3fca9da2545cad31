"""REST: thin routers over the services. Nothing here knows a rule about a todo, and nothing imports Gradio."""
