"""The Gradio door: the interactive page, and the endpoints for notebooks and agents. Nothing here imports FastAPI."""
