"""The Gradio door: the interactive page, and the endpoints for notebooks. Nothing here imports FastAPI."""
